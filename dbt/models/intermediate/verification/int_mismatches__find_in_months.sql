{{ config(materialized='view') }}
-- grain: one row per contract, course, month and kind of mismatch of an effort month
-- counts: months whose claim and register disagree; months paid without known income; the same
--   person's month earned under two contracts
-- rules: R3.mismatch
-- left out: claims that meet no effort month (int_mismatches__find_in_claims). A view, read once
with

person_months as (
    select
        contract_id,
        course_id,
        person_no,
        month,
        match,
        reason,
        rate_dkk,
        amount_dkk,
        is_no_income
    from {{ ref('int_person_months__price') }}
),

courses as (
    select
        contract_id,
        person_no
    from {{ ref('int_courses__decide_eligibility') }}
),

unmatched_months as (
    select
        contract_id,
        course_id,
        month,
        match as kind,
        coalesce(rate_dkk, 0) as amount_dkk
    from person_months
    where match in ('claimed_denied', 'claimed_pending', 'unclaimed')
),

months_without_income as (
    select
        contract_id,
        course_id,
        month,
        'no_income' as kind,
        amount_dkk
    from person_months
    where is_no_income
),

persons_of_two_contracts as (
    select person_no
    from courses
    group by person_no
    having min(contract_id) <> max(contract_id)
),

-- `reason` is the status of an eligible course's month only
earned_months as (
    select
        person_months.contract_id,
        person_months.course_id,
        person_months.person_no,
        person_months.month,
        person_months.amount_dkk
    from person_months
    semi join persons_of_two_contracts
        on person_months.person_no = persons_of_two_contracts.person_no
    where person_months.reason = 'self_supporting'
),

months_of_two_contracts as (
    select
        contract_id,
        course_id,
        month,
        'two_contracts' as kind,
        amount_dkk
    from earned_months
    qualify
        min(contract_id) over (partition by person_no, month)
        <> max(contract_id) over (partition by person_no, month)
),

final as (
    select * from unmatched_months
    union all by name
    select * from months_without_income
    union all by name
    select * from months_of_two_contracts
)

select * from final
