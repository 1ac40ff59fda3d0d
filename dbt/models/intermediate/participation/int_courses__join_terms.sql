-- grain: one row per course of a contract with a part of kind person_months
-- counts: what the rules need of a course, in numbers, and whether it has an approved line that
--   does not stand by a decision alone: a month stands by one whose first line a decision made
-- rules: R2.approved_first
-- left out: courses of contracts without such a part
with

courses as (
    select
        course_no,
        contract_id,
        course_id,
        person_no,
        visited_on,
        ended_on,
        end_reason
    from {{ ref('int_courses__resolve_known') }}
),

terms as (
    select
        contract_no,
        contract_id,
        register_no
    from {{ ref('int_contracts__read_person_month_terms') }}
),

frozen_lines as (
    select
        contract_id,
        period_start,
        line_no,
        course_id,
        month,
        coalesce(cause, '') as cause
    from {{ ref('stg_ledger__frozen_lines') }}
    where course_id is not null
),

list_first_lines as (
    select
        contract_id,
        course_id,
        month,
        arg_min(cause, (period_start, line_no)) as cause
    from frozen_lines
    group by all
),

approved_courses as (
    select
        contract_id,
        course_id
    from list_first_lines
    where cause <> 'decision_made'
    group by all
),

final as (
    select
        courses.course_no,
        terms.contract_no,
        terms.register_no,
        courses.person_no,
        courses.visited_on,
        courses.ended_on,
        courses.end_reason,
        approved_courses.course_id is not null as is_approved
    from courses
    inner join terms on courses.contract_id = terms.contract_id
    left join approved_courses
        on
            courses.contract_id = approved_courses.contract_id
            and courses.course_id = approved_courses.course_id
)

select * from final
