-- grain: one row per course that passed rules 1–5
-- counts: a course is a duplicate if the same person has an earlier one in the contract; courses
--   with an approved line come before all others
-- rules: R2.duplicate
-- left out: courses that failed an earlier rule
with

referrals as (
    select
        course_no,
        contract_no,
        person_no,
        visited_on,
        is_approved,
        price_group_no
    from {{ ref('int_courses__judge_referrals') }}
    where failed_rule is null
),

final as (
    select
        course_no,
        contract_no,
        visited_on,
        is_approved,
        price_group_no,
        row_number() over (
            partition by contract_no, person_no
            order by is_approved desc, visited_on asc, course_no asc
        ) > 1 as is_duplicate
    from referrals
)

select * from final
