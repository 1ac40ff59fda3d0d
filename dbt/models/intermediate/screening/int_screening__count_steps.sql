-- grain: one row per contract, calendar year of the term up to the as-of year, and step
-- counts: distinct persons per year and step; the eight funnel steps always, a status after the
--   year's first entry into the special course only where somebody has it
-- rules: R8.funnel, R8.status
-- decides: R8.funnel
-- left out: events outside the calendar years of the term
with

run_context as (
    select as_of_date from {{ ref('stg_run__context') }}
),

screenings as (
    select contract_id
    from {{ ref('stg_contracts__screenings') }}
),

goals as (
    select
        contract_id,
        step,
        goal
    from {{ ref('stg_contracts__screening_goals') }}
),

contracts as (
    select
        contract_id,
        starts_on,
        ends_on
    from {{ ref('stg_contracts__contracts') }}
),

eligible as (
    select
        contract_id,
        person_no,
        year,
        step
    from {{ ref('int_screening__find_eligible') }}
),

activities as (
    select
        contract_id,
        person_no,
        year,
        step
    from {{ ref('int_screening__find_activities') }}
),

statuses as (
    select
        contract_id,
        person_no,
        year,
        step
    from {{ ref('int_screening__find_statuses') }}
),

list_years as (
    select
        screenings.contract_id,
        unnest(
            generate_series(
                year(contracts.starts_on),
                least(year(contracts.ends_on), year(run_context.as_of_date))
            )
        ) as year
    from screenings
    inner join contracts on screenings.contract_id = contracts.contract_id
    cross join run_context
),

name_funnel_steps as (
    select
        unnest([
            'eligible', 'screened', 'round_table_phone', 'round_table_visit', 'special_course',
            'granted_flex_after', 'granted_retention_after', 'granted_retention_all'
        ]) as step
),

list_events as (
    select * from eligible
    union all by name
    select * from activities
    union all by name
    select * from statuses
),

count_persons as (
    select
        contract_id,
        year,
        step,
        count(distinct person_no) as persons
    from list_events
    group by
        contract_id,
        year,
        step
),

list_steps as (
    select
        list_years.contract_id,
        list_years.year,
        name_funnel_steps.step
    from list_years
    cross join name_funnel_steps
    union
    select
        count_persons.contract_id,
        count_persons.year,
        count_persons.step
    from count_persons
    semi join list_years
        on
            count_persons.contract_id = list_years.contract_id
            and count_persons.year = list_years.year
),

final as (
    select
        list_steps.contract_id,
        list_steps.year,
        list_steps.step,
        coalesce(count_persons.persons, 0) as persons,
        goals.goal
    from list_steps
    left join count_persons
        on
            list_steps.contract_id = count_persons.contract_id
            and list_steps.year = count_persons.year
            and list_steps.step = count_persons.step
    left join goals
        on
            list_steps.contract_id = goals.contract_id
            and list_steps.step = goals.step
)

select * from final
