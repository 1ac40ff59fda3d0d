{{ config(materialized='view') }}
-- grain: one row per contract, person, year of entry into the special course and benefit on the day
--   that lies status_after_days days after the year's first entry
-- counts: each benefit of that day, none, or that the day is not observed
-- rules: R8.status
-- decides: R8.status
-- left out: later entries of the same year; whether the year lies in the term
--   (int_screening__count_steps)
with

screenings as (
    select
        contract_id,
        status_after_days
    from {{ ref('stg_contracts__screenings') }}
),

contracts as (
    select
        contract_id,
        register
    from {{ ref('stg_contracts__contracts') }}
),

registers as (
    select
        register_no,
        source
    from {{ ref('stg_registers') }}
),

groups as (
    select
        group_no,
        benefit_group
    from {{ ref('stg_benefit_codes__groups') }}
),

course_entries as (
    select
        person_no,
        starts_on
    from {{ ref('int_activities__resolve_known') }}
    where type = 'særligt forløb'
),

spells as (
    select
        register_no,
        person_no,
        group_no,
        starts_on,
        ends_before
    from {{ ref('int_spells__clip_to_windows') }}
),

observed_runs as (
    select
        source,
        starts_on,
        ends_before
    from {{ ref('int_registers__find_observed_runs') }}
),

find_first_of_year as (
    select
        person_no,
        year(starts_on) as year,
        min(starts_on) as entered_on
    from course_entries
    group by
        person_no,
        year(starts_on)
),

date_statuses as (
    select
        screenings.contract_id,
        contracts.register,
        registers.register_no,
        find_first_of_year.person_no,
        find_first_of_year.year,
        find_first_of_year.entered_on + screenings.status_after_days as status_on
    from screenings
    inner join contracts on screenings.contract_id = contracts.contract_id
    inner join registers on contracts.register = registers.source
    cross join find_first_of_year
),

judge_days as (
    select
        date_statuses.*,
        observed_runs.source is not null as is_observed
    from date_statuses
    left join observed_runs
        on
            date_statuses.register = observed_runs.source
            and date_statuses.status_on >= observed_runs.starts_on
            and date_statuses.status_on < observed_runs.ends_before
),

final as (
    select
        judge_days.contract_id,
        judge_days.person_no,
        judge_days.year,
        case
            when not judge_days.is_observed then 'status_1y_not_yet_observable'
            when groups.benefit_group is null then 'status_1y_self_supporting'
            else 'status_1y_' || groups.benefit_group
        end as step
    from judge_days
    left join spells
        on
            judge_days.register_no = spells.register_no
            and judge_days.person_no = spells.person_no
            and judge_days.status_on >= spells.starts_on
            and judge_days.status_on < spells.ends_before
            and judge_days.is_observed
    left join groups on spells.group_no = groups.group_no
)

select * from final
