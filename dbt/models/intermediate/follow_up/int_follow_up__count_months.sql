-- grain: one row per contract, followed benefit group and month of the term that has begun
-- counts: persons with a spell of the group on any day of the month, and those of them in
--   company-directed activity in the month
-- rules: R6.follow_up
-- decides: R6.follow_up
-- left out: counts of months with a day that the register does not observe (null, never 0)
with

run_context as (
    select as_of_date from {{ ref('stg_run__context') }}
),

follow_ups as (
    select
        contract_id,
        benefit_group
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

spells as (
    select
        register_no,
        person_no,
        group_no,
        starts_on,
        ends_before
    from {{ ref('int_spells__clip_to_windows') }}
),

placements as (
    select
        person_no,
        starts_on,
        ends_before
    from {{ ref('int_activities__resolve_known') }}
    where type in ('virksomhedspraktik', 'løntilskud')
),

list_months as (
    select
        follow_ups.contract_id,
        follow_ups.benefit_group,
        registers.register_no,
        contracts.register,
        groups.group_no,
        unnest(
            generate_series(
                {{ month_of('contracts.starts_on') }},
                {{ month_of('least(contracts.ends_on, run_context.as_of_date)') }},
                interval 1 month
            )
        )::date as month
    from follow_ups
    inner join contracts on follow_ups.contract_id = contracts.contract_id
    inner join registers on contracts.register = registers.source
    inner join groups on follow_ups.benefit_group = groups.benefit_group
    cross join run_context
),

judge_months as (
    select
        list_months.*,
        observed_runs.source is not null as is_observed
    from list_months
    left join observed_runs
        on
            list_months.register = observed_runs.source
            and list_months.month >= observed_runs.starts_on
            and {{ month_end('list_months.month') }} <= observed_runs.ends_before
),

persons as (
    select distinct
        judge_months.contract_id,
        judge_months.benefit_group,
        judge_months.month,
        spells.person_no
    from judge_months
    inner join spells
        on
            judge_months.register_no = spells.register_no
            and judge_months.group_no = spells.group_no
            and last_day(judge_months.month) >= spells.starts_on
            and judge_months.month < spells.ends_before
    where judge_months.is_observed
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
            and last_day(persons.month) >= placements.starts_on
            and (placements.ends_before is null or persons.month < placements.ends_before)
),

counts as (
    select
        persons.contract_id,
        persons.benefit_group,
        persons.month,
        count(*) as persons,
        count(placed.person_no) as company_directed
    from persons
    left join placed using (contract_id, benefit_group, month, person_no)
    group by all
),

final as (
    select
        judge_months.contract_id,
        judge_months.month,
        judge_months.benefit_group,
        judge_months.register_no,
        judge_months.group_no,
        case when judge_months.is_observed then coalesce(counts.persons, 0) end as persons,
        case when judge_months.is_observed then coalesce(counts.company_directed, 0) end
            as company_directed
    from judge_months
    left join counts using (contract_id, benefit_group, month)
)

select * from final
