-- grain: one row per contract, closed period, part and price group
-- counts: every group of today's terms in every closed period, also without a line; a relapse part
--     has one row with an empty group
-- rules: S.basis
-- left out: groups and parts that only approved lines still name (int_basis__sum_parts)
with

periods as (
    select
        contract_id,
        period_start
    from {{ ref('int_periods__list') }}
    where is_closed
),

parts as (
    select
        contract_id,
        part_id,
        kind
    from {{ ref('stg_contracts__parts') }}
),

price_groups as (
    select
        contract_id,
        part_id,
        benefit_group
    from {{ ref('stg_contracts__price_groups') }}
),

fte_groups as (
    select
        contract_id,
        part_id,
        benefit_group
    from {{ ref('stg_contracts__fte_groups') }}
),

groups as (
    select
        contract_id,
        part_id,
        benefit_group as price_group
    from price_groups
    union all
    select
        contract_id,
        part_id,
        benefit_group as price_group
    from fte_groups
    union all
    select
        contract_id,
        part_id,
        '' as price_group
    from parts
    where kind = 'relapse_reduction'
),

final as (
    select
        periods.contract_id,
        periods.period_start,
        groups.part_id,
        groups.price_group
    from periods
    inner join groups on periods.contract_id = groups.contract_id
)

select * from final
