{{ config(materialized='view') }}
-- grain: one row per contract, course, month and kind of mismatch of an effort month
-- counts: months whose claim and register disagree; months paid without known income; the same
--   person's month earned under two contracts; a decided month is none
-- rules: R3.mismatch, S.decided
-- left out: claims that meet no effort month (int_mismatches__find_in_claims). A view, read once
with

person_months as (
    select
        contract_id,
        course_id,
        person_no,
        month,
        match,
        rate_dkk,
        amount_dkk,
        is_decided,
        is_earned,
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
    where
        match in ('claimed_denied', 'claimed_pending', 'unclaimed')
        and not is_decided
),

months_without_income as (
    select
        contract_id,
        course_id,
        month,
        'no_income' as kind,
        amount_dkk
    from person_months
    where
        is_no_income
        and not is_decided
),

persons_of_two_contracts as (
    select person_no
    from courses
    group by person_no
    having min(contract_id) <> max(contract_id)
),

earned_months as (
    select
        person_months.contract_id,
        person_months.course_id,
        person_months.person_no,
        person_months.month,
        person_months.amount_dkk,
        person_months.is_decided
    from person_months
    semi join persons_of_two_contracts
        on person_months.person_no = persons_of_two_contracts.person_no
    where person_months.is_earned
),

find_months_of_two_contracts as (
    select
        contract_id,
        course_id,
        month,
        'two_contracts' as kind,
        amount_dkk,
        is_decided
    from earned_months
    qualify
        min(contract_id) over (partition by person_no, month)
        <> max(contract_id) over (partition by person_no, month)
),

months_of_two_contracts as (
    select
        contract_id,
        course_id,
        month,
        kind,
        amount_dkk
    from find_months_of_two_contracts
    where not is_decided
),

final as (
    select * from unmatched_months
    union all by name
    select * from months_without_income
    union all by name
    select * from months_of_two_contracts
)

select * from final
