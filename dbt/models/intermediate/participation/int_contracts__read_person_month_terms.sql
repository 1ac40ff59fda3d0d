-- grain: one row per contract with a part of kind person_months
-- counts: the numbers of the term and of that part, with the register's number
-- rules: C.parts
-- left out: price groups, rates, case groups and exit reasons (stg_contracts__…)
with

contracts as (
    select
        contract_id,
        register,
        starts_on,
        ends_on
    from {{ ref('stg_contracts__contracts') }}
),

parts as (
    select
        contract_id,
        part_id,
        min_case_days,
        case_max_gap_days,
        effort_months,
        max_support_days,
        subsidised_job_blocks,
        pay_on
    from {{ ref('stg_contracts__parts') }}
    where kind = 'person_months'
),

registers as (
    select
        register_no,
        source,
        is_weekly
    from {{ ref('stg_registers') }}
),

final as (
    select
        contracts.contract_id,
        parts.part_id,
        registers.register_no,
        registers.source as register,
        registers.is_weekly,
        contracts.starts_on,
        contracts.ends_on,
        parts.min_case_days,
        parts.case_max_gap_days,
        parts.effort_months,
        parts.max_support_days,
        parts.subsidised_job_blocks,
        parts.pay_on,
        (row_number() over (order by contracts.contract_id))::integer as contract_no
    from contracts
    inner join parts on contracts.contract_id = parts.contract_id
    inner join registers on contracts.register = registers.source
)

select * from final
