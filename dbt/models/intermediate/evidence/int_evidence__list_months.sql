{{ config(materialized='view') }}
-- grain: one row per contract, course and effort month
-- counts: the month's days and the register that decides it
-- rules: S.evidence
-- left out: what decided it. A view, read when the restricted mart is built
with

person_months as (
    select
        contract_id,
        course_id,
        person_no,
        month
    from {{ ref('int_person_months__price') }}
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

final as (
    select
        person_months.contract_id,
        person_months.course_id,
        person_months.person_no,
        person_months.month,
        {{ month_end('person_months.month') }} as ends_before,
        contracts.register,
        registers.register_no
    from person_months
    inner join contracts on person_months.contract_id = contracts.contract_id
    inner join registers on contracts.register = registers.source
)

select * from final
