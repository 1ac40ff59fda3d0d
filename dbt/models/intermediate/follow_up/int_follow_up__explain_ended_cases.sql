-- grain: one row per contract, followed benefit group and case that ended
-- counts: cases whose following end_window_days days are all observed, with one reason: the result
--   of
--   the nearest concluded course, else the benefit group of the first day of support of any kind
--   within the window, else a job with ordinary wage hours in the following month, else unstated
-- clause: 30-rules.md §6, ended cases and their reason
-- left out: cases that end outside the contract's term
with

follow_ups as (
    select
        contract_id,
        benefit_group,
        case_max_gap_days,
        end_window_days
    from {{ ref('stg_contracts__follow_ups') }}
),

contracts as (
    select
        contract_id,
        register,
        starts_on,
        ends_on
    from {{ ref('stg_contracts__contracts') }}
),

registers as (
    select
        register_no,
        source
    from {{ ref('stg_registers') }}
),

benefit_groups as (
    select
        group_no,
        benefit_group
    from {{ ref('stg_benefit_codes__groups') }}
),

cases as (
    select
        register_no,
        group_no,
        case_max_gap_days,
        person_no,
        ends_before
    from {{ ref('int_cases__chain_by_group') }}
),

observed_runs as (
    select
        source,
        starts_on,
        ends_before
    from {{ ref('int_registers__find_observed_runs') }}
),

concluded_courses as (
    select
        person_no,
        activity_id,
        starts_on,
        result
    from {{ ref('int_activities__resolve_known') }}
    where type = 'afsluttet forløb' and result is not null
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

ordinary_hours as (
    select
        person_no,
        month
    from {{ ref('int_income__sum_ordinary_hours') }}
    where hours > 0
),

follow_groups as (
    select
        follow_ups.contract_id,
        follow_ups.benefit_group,
        follow_ups.case_max_gap_days,
        follow_ups.end_window_days,
        registers.register_no,
        contracts.register,
        benefit_groups.group_no,
        {{ month_of('contracts.starts_on') }} as first_day,
        last_day(contracts.ends_on) as last_day
    from follow_ups
    inner join contracts on follow_ups.contract_id = contracts.contract_id
    inner join registers on contracts.register = registers.source
    inner join benefit_groups on follow_ups.benefit_group = benefit_groups.benefit_group
),

ended as (
    select
        follow_groups.contract_id,
        follow_groups.benefit_group,
        follow_groups.register_no,
        follow_groups.end_window_days,
        cases.person_no,
        cases.ends_before - 1 as ended_on
    from follow_groups
    inner join cases
        on
            follow_groups.register_no = cases.register_no
            and follow_groups.group_no = cases.group_no
            and follow_groups.case_max_gap_days = cases.case_max_gap_days
            and follow_groups.first_day < cases.ends_before
            and follow_groups.last_day >= cases.ends_before - 1
    where exists (
            select 1
            from observed_runs
            where
                observed_runs.source = follow_groups.register
                and observed_runs.starts_on <= cases.ends_before
                and observed_runs.ends_before >= cases.ends_before + follow_groups.end_window_days
        )
),

stated_results as (
    select
        ended.contract_id,
        ended.benefit_group,
        ended.person_no,
        ended.ended_on,
        concluded_courses.result,
        row_number() over (
            partition by
                ended.contract_id, ended.benefit_group, ended.person_no, ended.ended_on
            order by
                abs(concluded_courses.starts_on - ended.ended_on),
                concluded_courses.starts_on,
                concluded_courses.activity_id
        ) as nearness
    from ended
    inner join concluded_courses
        on
            ended.person_no = concluded_courses.person_no
            and abs(concluded_courses.starts_on - ended.ended_on) <= ended.end_window_days
),

next_benefits as (
    select
        ended.contract_id,
        ended.benefit_group,
        ended.person_no,
        ended.ended_on,
        benefit_groups.benefit_group as next_benefit_group,
        row_number() over (
            partition by
                ended.contract_id, ended.benefit_group, ended.person_no, ended.ended_on
            order by
                greatest(spells.starts_on, ended.ended_on + 1),
                benefit_groups.benefit_group,
                spells.starts_on,
                spells.ends_before
        ) as nearness
    from ended
    inner join spells
        on
            ended.register_no = spells.register_no
            and ended.person_no = spells.person_no
            and ended.ended_on + ended.end_window_days >= spells.starts_on
            and ended.ended_on + 1 < spells.ends_before
    inner join benefit_groups on spells.group_no = benefit_groups.group_no
),

final as (
    select
        ended.contract_id,
        date_trunc('month', ended.ended_on)::date as month,
        ended.benefit_group,
        ended.person_no,
        ended.ended_on,
        coalesce(
            stated_results.result,
            next_benefits.next_benefit_group,
            case when ordinary_hours.person_no is not null then 'job' end,
            'uoplyst'
        ) as reason
    from ended
    left join stated_results
        on
            ended.contract_id = stated_results.contract_id
            and ended.benefit_group = stated_results.benefit_group
            and ended.person_no = stated_results.person_no
            and ended.ended_on = stated_results.ended_on
            and stated_results.nearness = 1
    left join next_benefits
        on
            ended.contract_id = next_benefits.contract_id
            and ended.benefit_group = next_benefits.benefit_group
            and ended.person_no = next_benefits.person_no
            and ended.ended_on = next_benefits.ended_on
            and next_benefits.nearness = 1
    left join ordinary_hours
        on
            ended.person_no = ordinary_hours.person_no
            and ordinary_hours.month
            = (date_trunc('month', ended.ended_on) + interval 1 month)::date
)

select * from final
