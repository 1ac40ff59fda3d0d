-- grain: one row per contract, benefit group and observed month of the term
-- counts: persons whose case covers the month's last day and began more than case_days days before
--   it; those with a company placement that overlaps the window of months, those with enough
--   ordinary wage hours in it, those with either
-- rules: R6.focus_goal
-- decides: R6.focus_goal
-- left out: months with a day that the contract's register does not observe
with

goals as (
    select
        contract_id,
        benefit_group,
        case_days,
        case_max_gap_days,
        window_months,
        hours,
        target_share
    from {{ ref('stg_contracts__focus_goals') }}
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

groups as (
    select
        group_no,
        benefit_group
    from {{ ref('stg_benefit_codes__groups') }}
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
        group_nos,
        case_max_gap_days,
        person_no,
        starts_on,
        ends_before
    from {{ ref('int_cases__chain_by_gap') }}
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

list_months as (
    select
        goals.*,
        contracts.register,
        registers.register_no,
        groups.group_no,
        unnest(
            generate_series(
                {{ month_of('contracts.starts_on') }},
                {{ month_of('contracts.ends_on') }},
                interval 1 month
            )
        )::date as month
    from goals
    inner join contracts on goals.contract_id = contracts.contract_id
    inner join registers on contracts.register = registers.source
    inner join groups on goals.benefit_group = groups.benefit_group
),

observed_months as (
    select
        list_months.*,
        last_day(list_months.month) as last_day_of_month,
        {{ add_months('list_months.month', '(1 - list_months.window_months)') }}
            as window_starts_on
    from list_months
    inner join observed_runs
        on
            list_months.register = observed_runs.source
            and list_months.month >= observed_runs.starts_on
            and {{ month_end('list_months.month') }} <= observed_runs.ends_before
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
            and cases.group_nos = [observed_months.group_no]
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
