-- grain: one row per course with a price group
-- counts: the case's first day; where the day before it is not observed, the earliest fra_dato of
--   the rows that cover it, but not before the end of the last observed day before it
-- rules: R2.case_start, R2.case_length
-- decides: R2.case_start
-- left out: whether the case is long enough (int_courses__judge_referrals)
with

cases as (
    select
        course_no,
        starts_on,
        row_starts_on
    from {{ ref('int_cases__chain_to_referral') }}
),

courses as (
    select
        course_no,
        contract_no,
        visited_on
    from {{ ref('int_courses__join_terms') }}
),

terms as (
    select
        contract_no,
        register,
        is_weekly,
        case_max_gap_days
    from {{ ref('int_contracts__read_person_month_terms') }}
),

runs as (
    select
        source,
        starts_on,
        ends_before
    from {{ ref('int_registers__find_observed_runs') }}
),

look_back as (
    select
        *,
        lag(ends_before) over (partition by source order by starts_on) as previous_ends_before
    from runs
),

move_to_edge as (
    select
        cases.course_no,
        courses.visited_on,
        terms.register,
        terms.case_max_gap_days,
        case
            when look_back.starts_on < cases.starts_on or terms.is_weekly then cases.starts_on
            when look_back.previous_ends_before is null then cases.row_starts_on
            else greatest(cases.row_starts_on, look_back.previous_ends_before)
        end as starts_on
    from cases
    inner join courses on cases.course_no = courses.course_no
    inner join terms on courses.contract_no = terms.contract_no
    inner join look_back
        on
            terms.register = look_back.source
            and cases.starts_on >= look_back.starts_on
            and cases.starts_on < look_back.ends_before
),

find_known_starts as (
    select move_to_edge.course_no
    from move_to_edge
    inner join runs
        on
            move_to_edge.register = runs.source
            and move_to_edge.starts_on - move_to_edge.case_max_gap_days - 1 >= runs.starts_on
            and move_to_edge.starts_on <= runs.ends_before
),

final as (
    select
        move_to_edge.course_no,
        move_to_edge.starts_on as case_starts_on,
        (move_to_edge.visited_on - move_to_edge.starts_on)::integer as case_days,
        find_known_starts.course_no is not null as is_start_known
    from move_to_edge
    left join find_known_starts on move_to_edge.course_no = find_known_starts.course_no
)

select * from final
