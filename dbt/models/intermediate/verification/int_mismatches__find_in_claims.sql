{{ config(materialized='view') }}
-- grain: one row per contract, course and month of a claim that meets no effort month
-- counts: claims of courses that the list does not have, and claims of other months than the
--   course's effort months, at the rate that the month would have
-- rules: R3.mismatch
-- left out: contracts that the run does not load. A view, read once
with

claims as (
    select
        contract_id,
        course_id,
        course_no,
        month
    from {{ ref('int_claims__resolve_known') }}
    where is_claimed
),

contracts as (
    select contract_id from {{ ref('stg_contracts__contracts') }}
),

effort_months as (
    select
        course_no,
        month
    from {{ ref('int_person_months__decide_status') }}
),

courses as (
    select
        contract_id,
        part_id,
        course_id,
        price_group
    from {{ ref('int_courses__decide_eligibility') }}
),

rates as (
    select
        contract_id,
        part_id,
        benefit_group,
        valid_from,
        valid_before,
        rate_dkk
    from {{ ref('stg_contracts__rates') }}
),

claims_without_course as (
    select
        claims.contract_id,
        claims.course_id,
        claims.month,
        'claim_without_course' as kind,
        0::decimal(18, 2) as amount_dkk
    from claims
    semi join contracts on claims.contract_id = contracts.contract_id
    where claims.course_no is null
),

claims_outside_effort as (
    select
        claims.contract_id,
        claims.course_id,
        claims.month
    from claims
    semi join contracts on claims.contract_id = contracts.contract_id
    anti join effort_months
        on claims.course_no = effort_months.course_no and claims.month = effort_months.month
    where claims.course_no is not null
),

priced_claims_outside_effort as (
    select
        claims_outside_effort.contract_id,
        claims_outside_effort.course_id,
        claims_outside_effort.month,
        'claim_outside_effort' as kind,
        coalesce(rates.rate_dkk, 0) as amount_dkk
    from claims_outside_effort
    left join courses
        on
            claims_outside_effort.contract_id = courses.contract_id
            and claims_outside_effort.course_id = courses.course_id
    left join rates
        on
            courses.contract_id = rates.contract_id
            and courses.part_id = rates.part_id
            and courses.price_group = rates.benefit_group
            and claims_outside_effort.month >= rates.valid_from
            and (rates.valid_before is null or claims_outside_effort.month < rates.valid_before)
),

final as (
    select * from claims_without_course
    union all by name
    select * from priced_claims_outside_effort
)

select * from final
