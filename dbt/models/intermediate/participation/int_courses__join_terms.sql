-- grain: one row per course of a contract with a part of kind person_months
-- counts: what the rules need of a course, in numbers, and whether it has an approved line
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
        course_id
    from {{ ref('stg_ledger__frozen_lines') }}
    where course_id is not null
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
        frozen_lines.course_id is not null as is_approved
    from courses
    inner join terms on courses.contract_id = terms.contract_id
    left join frozen_lines
        on
            courses.contract_id = frozen_lines.contract_id
            and courses.course_id = frozen_lines.course_id
)

select * from final
