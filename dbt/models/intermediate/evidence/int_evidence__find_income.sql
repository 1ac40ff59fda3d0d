{{ config(materialized='view') }}
-- grain: one row per contract, course, effort month and landed wage row
-- counts: wage rows of the person's month, of any kind of employment
-- rules: S.evidence
-- left out: rows of months that another delivery owns. A view, read once
with

months as (
    select
        contract_id,
        course_id,
        person_no,
        month
    from {{ ref('int_evidence__list_months') }}
),

wages as (
    select
        person_no,
        month,
        employment_type,
        delivery_no,
        row_number
    from {{ ref('stg_eindkomst__wages') }}
),

windows as (
    select
        delivery_no,
        starts_on,
        ends_before
    from {{ ref('int_deliveries__resolve_effective_windows') }}
),

identities as (
    select
        person_no,
        canonical_person_no
    from {{ ref('int_persons__resolve_identity') }}
),

final as (
    select
        months.contract_id,
        months.course_id,
        months.month,
        'income' as role,
        wages.delivery_no,
        wages.row_number,
        wages.employment_type as code,
        wages.month as first_day,
        last_day(wages.month) as last_day
    from wages
    inner join windows
        on
            wages.delivery_no = windows.delivery_no
            and wages.month >= windows.starts_on
            and wages.month < windows.ends_before
    left join identities on wages.person_no = identities.person_no
    inner join months
        on
            coalesce(identities.canonical_person_no, wages.person_no) = months.person_no
            and wages.month = months.month
)

select * from final
