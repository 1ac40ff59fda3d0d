-- grain: one row per contract, followed benefit group and month of the term that has begun
-- counts: persons with a spell of the group on any day of the month, and those of them in
--   company-directed activity in the month
-- clause: 30-rules.md §6, follow-up
-- left out: counts of months with a day that the register does not observe (null, never 0)
with

run_context as (
    select as_of_date from {{ ref('stg_run__context') }}
),

followed as (
    select
        follow_ups.contract_id,
        follow_ups.benefit_group,
        registers.register_no,
        contracts.register,
        benefit_groups.group_no,
        date_trunc('month', contracts.starts_on)::date as first_month,
        least(
            date_trunc('month', contracts.ends_on), date_trunc('month', run_context.as_of_date)
        )::date as last_month
    from {{ ref('stg_contracts__follow_ups') }} as follow_ups
    inner join {{ ref('stg_contracts__contracts') }} as contracts using (contract_id)
    inner join {{ ref('stg_registers') }} as registers on contracts.register = registers.source
    inner join {{ ref('stg_benefit_codes__groups') }} as benefit_groups using (benefit_group)
    cross join run_context
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

months as (
    select
        contract_id,
        benefit_group,
        register_no,
        register,
        group_no,
        unnest(generate_series(first_month, last_month, interval 1 month))::date as month
    from followed
),

spine as (
    select
        *,
        exists(
            select 1
            from observed_runs
            where
                observed_runs.source = months.register
                and observed_runs.starts_on <= months.month
                and observed_runs.ends_before > last_day(months.month)
        ) as is_observed
    from months
),

persons as (
    select distinct
        spine.contract_id,
        spine.benefit_group,
        spine.month,
        spells.person_no
    from spine
    inner join spells
        on
            spine.register_no = spells.register_no
            and spine.group_no = spells.group_no
            and last_day(spine.month) >= spells.starts_on
            and spine.month < spells.ends_before
    where spine.is_observed
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
        spine.contract_id,
        spine.month,
        spine.benefit_group,
        spine.register_no,
        spine.group_no,
        case when spine.is_observed then coalesce(counts.persons, 0) end as persons,
        case when spine.is_observed then coalesce(counts.company_directed, 0) end
            as company_directed
    from spine
    left join counts using (contract_id, benefit_group, month)
)

select * from final
