-- grain: one row per contract, calendar year of the term up to the as-of year, and step
-- counts: distinct persons per year and step; the eight funnel steps always, a status after the
--   year's first entry into the special course only where somebody has it
-- clause: 30-rules.md §8
-- left out: events outside the calendar years of the term
with

run_context as (
    select as_of_date from {{ ref('stg_run__context') }}
),

screenings as (
    select
        screenings.contract_id,
        screenings.case_days,
        screenings.case_max_gap_days,
        screenings.status_after_days,
        registers.register_no,
        contracts.register,
        benefit_groups.group_no,
        year(contracts.starts_on) as first_year,
        least(year(contracts.ends_on), year(run_context.as_of_date)) as last_year
    from {{ ref('stg_contracts__screenings') }} as screenings
    inner join {{ ref('stg_contracts__contracts') }} as contracts using (contract_id)
    inner join {{ ref('stg_registers') }} as registers on contracts.register = registers.source
    inner join {{ ref('stg_benefit_codes__groups') }} as benefit_groups using (benefit_group)
    cross join run_context
),

cases as (
    select
        register_no,
        group_no,
        case_max_gap_days,
        person_no,
        starts_on,
        ends_before
    from {{ ref('int_cases__chain_by_group') }}
),

activities as (
    select
        person_no,
        type,
        starts_on,
        channel
    from {{ ref('int_activities__resolve_known') }}
),

spells as (
    select
        spells.register_no,
        spells.person_no,
        spells.starts_on,
        spells.ends_before,
        benefit_groups.benefit_group
    from {{ ref('int_spells__clip_to_windows') }} as spells
    inner join {{ ref('stg_benefit_codes__groups') }} as benefit_groups using (group_no)
),

observed_runs as (
    select
        source,
        starts_on,
        ends_before
    from {{ ref('int_registers__find_observed_runs') }}
),

years as (
    select
        contract_id,
        unnest(generate_series(first_year, last_year)) as year
    from screenings
),

funnel_steps as (
    select
        unnest([
            'eligible', 'screened', 'round_table_phone', 'round_table_visit', 'special_course',
            'granted_flex_after', 'granted_retention_after', 'granted_retention_all'
        ]) as step
),

course_entries as (
    select
        person_no,
        starts_on
    from activities
    where type = 'særligt forløb'
),

first_course_entries as (
    select
        person_no,
        min(starts_on) as first_entered_on
    from course_entries
    group by person_no
),

long_cases as (
    select
        screenings.contract_id,
        year(cases.starts_on + screenings.case_days + 1) as year,
        'eligible' as step,
        cases.person_no
    from screenings
    inner join cases
        on
            screenings.register_no = cases.register_no
            and screenings.group_no = cases.group_no
            and screenings.case_max_gap_days = cases.case_max_gap_days
            and screenings.case_days + 1 < cases.ends_before - cases.starts_on
),

events as (
    select
        screenings.contract_id,
        year(activities.starts_on) as year,
        case
            when activities.type = 'screening' then 'screened'
            when activities.type = 'rundbordssamtale' and activities.channel = 'telefon'
                then 'round_table_phone'
            when activities.type = 'rundbordssamtale' and activities.channel = 'besøg'
                then 'round_table_visit'
            when activities.type = 'særligt forløb' then 'special_course'
            when activities.type = 'bevilling fastholdelsesfleksjob' then 'granted_retention_all'
        end as step,
        activities.person_no
    from screenings
    cross join activities
),

grants_after_course as (
    select
        screenings.contract_id,
        year(activities.starts_on) as year,
        case activities.type
            when 'bevilling fleksjob' then 'granted_flex_after'
            else 'granted_retention_after'
        end as step,
        activities.person_no
    from screenings
    cross join activities
    inner join first_course_entries
        on
            activities.person_no = first_course_entries.person_no
            and activities.starts_on >= first_course_entries.first_entered_on
    where activities.type in ('bevilling fleksjob', 'bevilling fastholdelsesfleksjob')
),

entries_of_year as (
    select
        screenings.contract_id,
        screenings.register_no,
        screenings.register,
        year(course_entries.starts_on) as year,
        course_entries.person_no,
        min(course_entries.starts_on) + screenings.status_after_days as status_on
    from screenings
    cross join course_entries
    group by
        screenings.contract_id,
        screenings.register_no,
        screenings.register,
        screenings.status_after_days,
        year(course_entries.starts_on),
        course_entries.person_no
),

observed_entries as (
    select
        entries_of_year.*,
        exists(
            select 1
            from observed_runs
            where
                observed_runs.source = entries_of_year.register
                and observed_runs.starts_on <= entries_of_year.status_on
                and observed_runs.ends_before > entries_of_year.status_on
        ) as is_observed
    from entries_of_year
),

statuses as (
    select
        observed_entries.contract_id,
        observed_entries.year,
        case
            when not observed_entries.is_observed then 'status_1y_not_yet_observable'
            when spells.benefit_group is null then 'status_1y_self_supporting'
            else 'status_1y_' || spells.benefit_group
        end as step,
        observed_entries.person_no
    from observed_entries
    left join spells
        on
            observed_entries.register_no = spells.register_no
            and observed_entries.person_no = spells.person_no
            and observed_entries.status_on >= spells.starts_on
            and observed_entries.status_on < spells.ends_before
            and observed_entries.is_observed
),

all_events as (
    select
        contract_id,
        year,
        step,
        person_no
    from long_cases
    union all
    select
        contract_id,
        year,
        step,
        person_no
    from events
    where step is not null
    union all
    select
        contract_id,
        year,
        step,
        person_no
    from grants_after_course
    union all
    select
        contract_id,
        year,
        step,
        person_no
    from statuses
),

counts as (
    select
        contract_id,
        year,
        step,
        count(distinct person_no) as persons
    from all_events
    group by all
),

spine as (
    select
        years.contract_id,
        years.year,
        funnel_steps.step
    from years
    cross join funnel_steps
    union
    select
        counts.contract_id,
        counts.year,
        counts.step
    from counts
    inner join years using (contract_id, year)
),

final as (
    select
        spine.contract_id,
        spine.year,
        spine.step,
        coalesce(counts.persons, 0) as persons,
        goals.goal
    from spine
    left join counts using (contract_id, year, step)
    left join {{ ref('stg_contracts__screening_goals') }} as goals
        on spine.contract_id = goals.contract_id and spine.step = goals.step
)

select * from final
