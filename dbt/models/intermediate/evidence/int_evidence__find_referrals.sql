{{ config(materialized='view') }}
-- grain: one row per contract, course, role and landed row
-- counts: the newest known row of the list, and benefit rows of the day of referral and of the
--   case's first day
-- rules: S.evidence
-- left out: what ended the course (int_evidence__find_exits). A view, read once
with

course_facts as (
    select
        contract_id,
        course_id,
        person_no,
        register_no,
        visited_on,
        stated_group,
        ended_on,
        delivery_no,
        row_number,
        case_starts_on
    from {{ ref('int_evidence__describe_courses') }}
),

register_rows as (
    select
        register_no,
        person_no,
        code,
        starts_on,
        ends_before,
        delivery_no,
        row_number
    from {{ ref('int_evidence__keep_register_rows') }}
),

referral_rows as (
    select
        course_facts.contract_id,
        course_facts.course_id,
        'referral_spell' as role,
        register_rows.delivery_no,
        register_rows.row_number,
        register_rows.code,
        register_rows.starts_on as first_day,
        register_rows.ends_before - 1 as last_day
    from course_facts
    inner join register_rows
        on
            course_facts.person_no = register_rows.person_no
            and course_facts.register_no = register_rows.register_no
            and (
                (
                    course_facts.visited_on >= register_rows.starts_on
                    and course_facts.visited_on < register_rows.ends_before
                )
                or (
                    course_facts.case_starts_on >= register_rows.starts_on
                    and course_facts.case_starts_on < register_rows.ends_before
                )
            )
),

participant_rows as (
    select
        contract_id,
        course_id,
        'participant' as role,
        delivery_no,
        row_number,
        stated_group as code,
        visited_on as first_day,
        ended_on as last_day
    from course_facts
),

final as (
    select * from referral_rows
    union all by name
    select * from participant_rows
)

select * from final
