-- grain: one row per course with at least one effort month
-- counts: the months after the month of referral, effort_months of them, whose last day lies in the
--   term; every course, eligible or not
-- rules: R3.effort
-- left out: the months themselves (int_person_months__decide_status)
with

courses as (
    select
        course_no,
        contract_no,
        register_no,
        person_no,
        visited_on
    from {{ ref('int_courses__join_terms') }}
),

terms as (
    select
        contract_no,
        ends_on,
        effort_months,
        subsidised_job_blocks
    from {{ ref('int_contracts__read_person_month_terms') }}
),

find_bounds as (
    select
        courses.course_no,
        courses.contract_no,
        courses.register_no,
        courses.person_no,
        terms.subsidised_job_blocks,
        {{ month_end('courses.visited_on') }} as starts_on,
        least(
            {{ add_months(month_end('courses.visited_on'), 'terms.effort_months') }},
            {{ month_of('terms.ends_on + 1') }}
        ) as ends_before
    from courses
    inner join terms on courses.contract_no = terms.contract_no
),

final as (
    select
        course_no,
        contract_no,
        register_no,
        person_no,
        subsidised_job_blocks,
        starts_on,
        ends_before
    from find_bounds
    where starts_on < ends_before
)

select * from final
