-- grain: one row per register, list of benefit groups and days that a case may be interrupted
-- counts: the cases that contracts' rules read: over each group of a focus goal, of follow-up and
--   of a screening, and over the case groups of a part with a control group
-- rules: R2.case
-- left out: person-months alone, whose cases are chained for participants only
--   (int_cases__chain_to_referral); relapse parts, whose cases' ends follow from the rows
--   themselves (int_relapse__find_case_ends)
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

benefit_groups as (
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

parts as (
    select
        contract_id,
        part_id,
        case_max_gap_days
    from {{ ref('stg_contracts__parts') }}
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
        benefit_group,
        case_max_gap_days
    from {{ ref('stg_contracts__focus_goals') }}
),

follow_ups as (
    select
        contract_id,
        benefit_group,
        case_max_gap_days
    from {{ ref('stg_contracts__follow_ups') }}
),

screenings as (
    select
        contract_id,
        benefit_group,
        case_max_gap_days
    from {{ ref('stg_contracts__screenings') }}
),

list_single_groups as (
    select * from focus_goals
    union
    select * from follow_ups
    union
    select * from screenings
),

number_single_groups as (
    select
        list_single_groups.contract_id,
        list_single_groups.case_max_gap_days,
        [benefit_groups.group_no] as group_nos
    from list_single_groups
    inner join benefit_groups on list_single_groups.benefit_group = benefit_groups.benefit_group
),

gather_case_groups as (
    select
        effects.contract_id,
        parts.case_max_gap_days,
        array_agg(benefit_groups.group_no order by benefit_groups.group_no) as group_nos
    from effects
    inner join parts
        on
            effects.contract_id = parts.contract_id
            and effects.part_id = parts.part_id
    inner join case_groups
        on
            effects.contract_id = case_groups.contract_id
            and effects.part_id = case_groups.part_id
    inner join benefit_groups on case_groups.benefit_group = benefit_groups.benefit_group
    group by
        effects.contract_id,
        effects.part_id,
        parts.case_max_gap_days
),

list_definitions as (
    select * from number_single_groups
    union all by name
    select * from gather_case_groups
),

final as (
    select
        registers.register_no,
        list_definitions.group_nos,
        list_definitions.case_max_gap_days
    from list_definitions
    inner join contracts on list_definitions.contract_id = contracts.contract_id
    inner join registers on contracts.register = registers.source
    group by all
)

select * from final
