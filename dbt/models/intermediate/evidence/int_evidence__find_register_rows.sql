{{ config(materialized='view') }}
-- grain: one row per contract, course, effort month, role and landed row (coverage: owned stretch)
-- counts: benefit rows that meet the month, and the deliveries that observed it
-- rules: S.evidence, I.window
-- left out: deliveries that another has replaced. A view, read once
with

months as (
    select
        contract_id,
        course_id,
        person_no,
        month,
        ends_before,
        register,
        register_no
    from {{ ref('int_evidence__list_months') }}
),

register_rows as (
    select
        register_no,
        person_no,
        code,
        starts_on,
        ends_before,
        delivery_no,
        row_number
    from {{ ref('int_evidence__keep_register_rows') }}
),

windows as (
    select
        source,
        delivery_no,
        starts_on,
        ends_before
    from {{ ref('int_deliveries__resolve_effective_windows') }}
),

spells as (
    select
        months.contract_id,
        months.course_id,
        months.month,
        'spell' as role,
        register_rows.delivery_no,
        register_rows.row_number,
        register_rows.code,
        register_rows.starts_on as first_day,
        register_rows.ends_before - 1 as last_day
    from months
    inner join register_rows
        on
            months.person_no = register_rows.person_no
            and months.register_no = register_rows.register_no
            and months.month < register_rows.ends_before
            and months.ends_before > register_rows.starts_on
),

contract_months as (
    select
        contract_id,
        register,
        month,
        ends_before
    from months
    group by all
),

covered_months as (
    select
        contract_months.contract_id,
        contract_months.month,
        windows.delivery_no,
        greatest(windows.starts_on, contract_months.month) as first_day,
        least(windows.ends_before, contract_months.ends_before) - 1 as last_day
    from contract_months
    inner join windows
        on
            contract_months.register = windows.source
            and contract_months.month < windows.ends_before
            and contract_months.ends_before > windows.starts_on
),

coverage as (
    select
        months.contract_id,
        months.course_id,
        months.month,
        'coverage' as role,
        covered_months.delivery_no,
        null::bigint as row_number,
        null::varchar as code,
        covered_months.first_day,
        covered_months.last_day
    from months
    inner join covered_months
        on
            months.contract_id = covered_months.contract_id
            and months.month = covered_months.month
),

final as (
    select * from spells
    union all by name
    select * from coverage
)

select * from final
