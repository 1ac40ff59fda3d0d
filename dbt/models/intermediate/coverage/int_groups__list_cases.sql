-- grain: one row per register and benefit group whose merged spells a contract's rules read
-- counts: groups of the case compared with a control group, of focus goal, follow-up and screening
-- clause: 30-rules.md §6, §8, §9
-- left out: groups of person-months alone, whose cases are chained for participants only; groups of
--   relapse parts, whose cases' ends are told by the rows themselves
with

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

case_groups as (
    select
        contract_id,
        part_id,
        benefit_group
    from {{ ref('stg_contracts__case_groups') }}
),

effects as (
    select
        contract_id,
        part_id
    from {{ ref('stg_contracts__effects') }}
),

focus_goals as (
    select
        contract_id,
        benefit_group
    from {{ ref('stg_contracts__focus_goals') }}
),

follow_ups as (
    select
        contract_id,
        benefit_group
    from {{ ref('stg_contracts__follow_ups') }}
),

screenings as (
    select
        contract_id,
        benefit_group
    from {{ ref('stg_contracts__screenings') }}
),

list_groups as (
    select
        case_groups.contract_id,
        case_groups.benefit_group
    from case_groups
    inner join effects
        on
            case_groups.contract_id = effects.contract_id
            and case_groups.part_id = effects.part_id
    union
    select * from focus_goals
    union
    select * from follow_ups
    union
    select * from screenings
),

final as (
    select
        registers.register_no,
        groups.group_no
    from list_groups
    inner join contracts on list_groups.contract_id = contracts.contract_id
    inner join registers on contracts.register = registers.source
    inner join groups on list_groups.benefit_group = groups.benefit_group
    group by all
)

select * from final
