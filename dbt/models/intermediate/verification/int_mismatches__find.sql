{{ config(materialized='view') }}
-- grain: one row per contract, course, month and kind of mismatch
-- counts: what is found in effort months, in courses as a whole, in claims and in decisions
-- rules: R3.mismatch
-- decides: R3.mismatch
-- left out: nothing. A view: the restricted mart is the one place that stores the rows
with

in_months as (
    select
        contract_id,
        course_id,
        month,
        kind,
        amount_dkk
    from {{ ref('int_mismatches__find_in_months') }}
),

in_courses as (
    select
        contract_id,
        course_id,
        month,
        kind,
        amount_dkk
    from {{ ref('int_mismatches__find_in_courses') }}
),

in_claims as (
    select
        contract_id,
        course_id,
        month,
        kind,
        amount_dkk
    from {{ ref('int_mismatches__find_in_claims') }}
),

in_decisions as (
    select
        contract_id,
        course_id,
        month,
        kind,
        amount_dkk
    from {{ ref('int_mismatches__find_in_decisions') }}
),

list_mismatches as (
    select * from in_months
    union all by name
    select * from in_courses
    union all by name
    select * from in_claims
    union all by name
    select * from in_decisions
),

final as (
    select
        contract_id,
        course_id,
        month,
        kind,
        amount_dkk
    from list_mismatches
)

select * from final
