-- grain: one row per course and calendar year with a claimed month
-- counts: the months that the newest known claim says yes to: bit m of the number for month m
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
        year(month)::smallint as year,
        bit_or({{ month_bit('month') }}) as claimed_months
    from claims
    group by
        course_no,
        year(month)::smallint
)

select * from final
