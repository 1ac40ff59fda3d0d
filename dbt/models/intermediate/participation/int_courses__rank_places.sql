-- grain: one row per course that passed rules 1–6
-- counts: the rank among the courses of the same price group; courses with an approved line first
-- rules: R2.quota
-- left out: duplicates; the place of a person who exits is not passed on
with

courses as (
    select
        course_no,
        contract_no,
        visited_on,
        is_approved,
        price_group_no
    from {{ ref('int_courses__find_duplicates') }}
    where not is_duplicate
),

final as (
    select
        course_no,
        row_number() over (
            partition by contract_no, price_group_no
            order by is_approved desc, visited_on asc, course_no asc
        ) as quota_rank
    from courses
)

select * from final
