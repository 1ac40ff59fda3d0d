{{ config(materialized='view') }}
-- grain: one row per contract, course and effort month
-- counts: the months with their names, the amount, and the match of claim and register, which a
--   decision does not touch, with its reason; a view, because names repeated for each month are the
--   larger part of the table
-- rules: R3.amount, R3.match, S.decided
-- decides: R3.amount
-- left out: claims without a known course or outside the effort months (mismatch)
with

person_months as (
    select
        course_no,
        month,
        support_days,
        status,
        is_claimed,
        is_earned,
        is_payable,
        is_decided,
        rate_dkk,
        is_no_income
    from {{ ref('int_person_months__decide_payable') }}
),

courses as (
    select
        course_no,
        contract_id,
        part_id,
        course_id,
        person_no,
        price_group,
        eligibility
    from {{ ref('int_courses__decide_eligibility') }}
),

decisions as (
    select
        course_no,
        month,
        price_group
    from {{ ref('int_decisions__choose') }}
    where is_paid
),

final as (
    select
        courses.contract_id,
        courses.part_id,
        courses.course_id,
        courses.person_no,
        person_months.month,
        coalesce(courses.price_group, decisions.price_group) as price_group,
        person_months.support_days,
        person_months.status::varchar as status,
        person_months.is_claimed,
        person_months.is_payable,
        person_months.is_decided,
        person_months.is_earned,
        person_months.rate_dkk,
        person_months.is_no_income,
        case when person_months.is_payable then coalesce(person_months.rate_dkk, 0) else 0 end
        ::decimal(18, 2) as amount_dkk,
        case
            when person_months.is_claimed and person_months.is_earned then 'agreed'
            when
                person_months.is_claimed
                and (
                    (
                        courses.eligibility = 'eligible'
                        and person_months.status = 'not_observed'
                    )
                    or courses.eligibility in ('register_silent', 'case_start_unknown')
                )
                then 'claimed_pending'
            when person_months.is_claimed then 'claimed_denied'
            when person_months.is_earned then 'unclaimed'
            else 'none'
        end as match,
        case
            when person_months.is_decided then 'decided'
            when courses.eligibility = 'eligible' then person_months.status::varchar
            else courses.eligibility
        end as reason
    from person_months
    inner join courses on person_months.course_no = courses.course_no
    left join decisions
        on
            person_months.course_no = decisions.course_no
            and person_months.month = decisions.month
)

select * from final
