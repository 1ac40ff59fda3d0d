{{ config(materialized='view') }}
-- grain: one row per contract, part and person of the control group
-- counts: persons without a course whose first case that lasts more than min_case_days days reaches
--   that day inside the control window, from the first day of the month after it
-- rules: R9.persons
-- left out: whether their weeks are observed (int_effect__find_persons)
with

effects as (
    select
        contract_id,
        part_id,
        control_first_day,
        control_last_day
    from {{ ref('stg_contracts__effects') }}
),

parts as (
    select
        contract_id,
        part_id,
        min_case_days,
        case_max_gap_days
    from {{ ref('stg_contracts__parts') }}
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

case_groups as (
    select
        contract_id,
        part_id,
        benefit_group
    from {{ ref('stg_contracts__case_groups') }}
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
        group_nos,
        case_max_gap_days,
        person_no,
        starts_on,
        ends_before
    from {{ ref('int_cases__chain_by_gap') }}
),

courses as (
    select
        contract_id,
        person_no
    from {{ ref('int_courses__decide_eligibility') }}
),

gather_case_groups as (
    select
        case_groups.contract_id,
        case_groups.part_id,
        array_agg(benefit_groups.group_no order by benefit_groups.group_no) as group_nos
    from case_groups
    inner join benefit_groups on case_groups.benefit_group = benefit_groups.benefit_group
    group by
        case_groups.contract_id,
        case_groups.part_id
),

find_first_long_cases as (
    select
        effects.contract_id,
        effects.part_id,
        effects.control_first_day,
        effects.control_last_day,
        cases.person_no,
        min(cases.starts_on) + parts.min_case_days + 1 as reached_on
    from effects
    inner join parts
        on
            effects.contract_id = parts.contract_id
            and effects.part_id = parts.part_id
    inner join contracts on effects.contract_id = contracts.contract_id
    inner join registers on contracts.register = registers.source
    inner join gather_case_groups
        on
            effects.contract_id = gather_case_groups.contract_id
            and effects.part_id = gather_case_groups.part_id
    inner join cases
        on
            registers.register_no = cases.register_no
            and gather_case_groups.group_nos = cases.group_nos
            and parts.case_max_gap_days = cases.case_max_gap_days
            and parts.min_case_days + 1 < cases.ends_before - cases.starts_on
    group by
        effects.contract_id,
        effects.part_id,
        effects.control_first_day,
        effects.control_last_day,
        parts.min_case_days,
        cases.person_no
),

final as (
    select
        find_first_long_cases.contract_id,
        find_first_long_cases.part_id,
        find_first_long_cases.person_no,
        {{ month_end('find_first_long_cases.reached_on') }} as day_zero
    from find_first_long_cases
    anti join courses
        on
            find_first_long_cases.contract_id = courses.contract_id
            and find_first_long_cases.person_no = courses.person_no
    where
        find_first_long_cases.reached_on
        between find_first_long_cases.control_first_day and find_first_long_cases.control_last_day
)

select * from final
