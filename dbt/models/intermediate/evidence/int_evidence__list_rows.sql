{{ config(materialized='view') }}
-- grain: one row per contract, course, effort month, role and landed row (coverage: owned stretch)
-- counts: what decided the month, and what decided the course in each of its months
-- rules: S.evidence
-- decides: S.evidence
-- left out: people without a course; deliveries that another has replaced. A view, read once
with

months as (
    select
        contract_id,
        course_id,
        month
    from {{ ref('int_evidence__list_months') }}
),

register_rows as (
    select
        contract_id,
        course_id,
        month,
        role,
        delivery_no,
        row_number,
        code,
        first_day,
        last_day
    from {{ ref('int_evidence__find_register_rows') }}
),

claims as (
    select
        contract_id,
        course_id,
        month,
        role,
        delivery_no,
        row_number,
        code,
        first_day,
        last_day
    from {{ ref('int_evidence__find_claims') }}
),

income as (
    select
        contract_id,
        course_id,
        month,
        role,
        delivery_no,
        row_number,
        code,
        first_day,
        last_day
    from {{ ref('int_evidence__find_income') }}
),

referrals as (
    select
        contract_id,
        course_id,
        role,
        delivery_no,
        row_number,
        code,
        first_day,
        last_day
    from {{ ref('int_evidence__find_referrals') }}
),

exits as (
    select
        contract_id,
        course_id,
        role,
        delivery_no,
        row_number,
        code,
        first_day,
        last_day
    from {{ ref('int_evidence__find_exits') }}
),

list_course_rows as (
    select * from referrals
    union all by name
    select * from exits
),

repeat_by_month as (
    select
        months.contract_id,
        months.course_id,
        months.month,
        list_course_rows.role,
        list_course_rows.delivery_no,
        list_course_rows.row_number,
        list_course_rows.code,
        list_course_rows.first_day,
        list_course_rows.last_day
    from months
    inner join list_course_rows
        on
            months.contract_id = list_course_rows.contract_id
            and months.course_id = list_course_rows.course_id
),

final as (
    select * from register_rows
    union all by name
    select * from repeat_by_month
    union all by name
    select * from claims
    union all by name
    select * from income
)

select * from final
