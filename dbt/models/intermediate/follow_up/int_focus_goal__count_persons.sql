-- grain: one row per contract, benefit group and observed month of the term
-- counts: persons whose case covers the month's last day and began more than case_days days before
--   it;
--   those with a company placement that overlaps the window of months, those with enough ordinary
--   wage hours in it, those with either
-- clause: 30-rules.md §6, focus goal
-- left out: months with a day that the contract's register does not observe
with

goals as (
    select
        goals.contract_id,
        goals.benefit_group,
        goals.case_days,
        goals.case_max_gap_days,
        goals.window_months,
        goals.hours,
        goals.target_share,
        registers.register_no,
        contracts.register,
        benefit_groups.group_no,
        date_trunc('month', contracts.starts_on)::date as first_month,
        date_trunc('month', contracts.ends_on)::date as last_month
    from {{ ref('stg_contracts__focus_goals') }} as goals
    inner join {{ ref('stg_contracts__contracts') }} as contracts using (contract_id)
    inner join {{ ref('stg_registers') }} as registers on contracts.register = registers.source
    inner join {{ ref('stg_benefit_codes__groups') }} as benefit_groups using (benefit_group)
),

observed_runs as (
    select
        source,
        starts_on,
        ends_before
    from {{ ref('int_registers__find_observed_runs') }}
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

placements as (
    select
        person_no,
        starts_on,
        ends_before
    from {{ ref('int_activities__resolve_known') }}
    where type in ('virksomhedspraktik', 'løntilskud')
),

ordinary_hours as (
    select
        person_no,
        month,
        hours
    from {{ ref('int_income__sum_ordinary_hours') }}
),

months as (
    select
        goals.*,
        unnest(
            generate_series(goals.first_month, goals.last_month, interval 1 month)
        )::date as month
    from goals
),

observed_months as (
    select
        *,
        last_day(month) as last_day_of_month,
        (month + interval 1 month - to_months(window_months))::date as window_starts_on
    from months
    where exists (
            select 1
            from observed_runs
            where
                observed_runs.source = months.register
                and observed_runs.starts_on <= months.month
                and observed_runs.ends_before > last_day(months.month)
        )
),

persons as (
    select
        observed_months.contract_id,
        observed_months.benefit_group,
        observed_months.month,
        observed_months.window_starts_on,
        observed_months.last_day_of_month,
        observed_months.hours,
        cases.person_no
    from observed_months
    inner join cases
        on
            observed_months.register_no = cases.register_no
            and observed_months.group_no = cases.group_no
            and observed_months.case_max_gap_days = cases.case_max_gap_days
            and observed_months.last_day_of_month < cases.ends_before
            and observed_months.last_day_of_month - observed_months.case_days > cases.starts_on
),

placed as (
    select distinct
        persons.contract_id,
        persons.benefit_group,
        persons.month,
        persons.person_no
    from persons
    inner join placements
        on
            persons.person_no = placements.person_no
            and persons.last_day_of_month >= placements.starts_on
            and (
                placements.ends_before is null
                or persons.window_starts_on < placements.ends_before
            )
),

working as (
    select
        persons.contract_id,
        persons.benefit_group,
        persons.month,
        persons.person_no
    from persons
    inner join ordinary_hours
        on
            persons.person_no = ordinary_hours.person_no
            and ordinary_hours.month between persons.window_starts_on and persons.month
    group by
        persons.contract_id, persons.benefit_group, persons.month, persons.person_no, persons.hours
    having sum(ordinary_hours.hours) >= persons.hours
),

counts as (
    select
        persons.contract_id,
        persons.benefit_group,
        persons.month,
        count(*) as persons,
        count(placed.person_no) as with_placement,
        count(working.person_no) as with_hours,
        count(coalesce(placed.person_no, working.person_no)) as with_either
    from persons
    left join placed using (contract_id, benefit_group, month, person_no)
    left join working using (contract_id, benefit_group, month, person_no)
    group by all
),

final as (
    select
        observed_months.contract_id,
        observed_months.month,
        observed_months.benefit_group,
        coalesce(counts.persons, 0) as persons,
        coalesce(counts.with_placement, 0) as with_placement,
        coalesce(counts.with_hours, 0) as with_hours,
        coalesce(counts.with_either, 0) as with_either,
        observed_months.target_share
    from observed_months
    left join counts using (contract_id, benefit_group, month)
)

select * from final
