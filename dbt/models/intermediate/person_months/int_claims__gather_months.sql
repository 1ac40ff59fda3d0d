-- grain: one row per course with a claimed month
-- counts: the months that the newest known claim says yes to
-- clause: 30-rules.md §3 (claimed)
-- left out: claims without a known course (mismatch)
with

claims as (
    select
        course_no,
        month
    from {{ ref('int_claims__resolve_known') }}
    where
        is_claimed
        and course_no is not null
),

final as (
    select
        course_no,
        list(month) as claimed_months
    from claims
    group by course_no
)

select * from final
