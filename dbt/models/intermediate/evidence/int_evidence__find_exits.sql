{{ config(materialized='view') }}
-- grain: one row per contract, course and landed row that gave the course its exit
-- counts: events of the newest known person status, the end that the list states, and rows of the
--   register with an exit code, each where it gives the exit's day and reason
-- rules: S.evidence, R3.exit
-- left out: courses without an exit. A view, read once
with

course_facts as (
    select
        contract_id,
        course_id,
        person_no,
        register_no,
        ended_on,
        end_reason,
        delivery_no,
        row_number,
        exit_date,
        exit_reason
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

person_events as (
    select
        person_no,
        event,
        event_date,
        delivery_no,
        row_number
    from {{ ref('int_person_events__keep_newest') }}
),

-- a row of the weekly payments has its group in place of a code
exit_codes as (
    select
        exit_reason,
        coalesce(code::varchar, benefit_group) as code
    from {{ ref('int_exit_codes__list') }}
),

status_exits as (
    select
        course_facts.contract_id,
        course_facts.course_id,
        'exit' as role,
        person_events.delivery_no,
        person_events.row_number,
        person_events.event as code,
        person_events.event_date as first_day,
        person_events.event_date as last_day
    from person_events
    inner join course_facts
        on
            person_events.person_no = course_facts.person_no
            and person_events.event = course_facts.exit_reason
            and person_events.event_date = course_facts.exit_date
),

stated_exits as (
    select
        contract_id,
        course_id,
        'exit' as role,
        delivery_no,
        row_number,
        end_reason as code,
        ended_on as first_day,
        ended_on as last_day
    from course_facts
    where end_reason = exit_reason and ended_on + 1 = exit_date
),

register_exits as (
    select
        course_facts.contract_id,
        course_facts.course_id,
        'exit' as role,
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
            and course_facts.exit_date >= register_rows.starts_on
            and course_facts.exit_date < register_rows.ends_before
    inner join exit_codes
        on
            register_rows.code = exit_codes.code
            and course_facts.exit_reason = exit_codes.exit_reason
),

final as (
    select * from status_exits
    union all by name
    select * from stated_exits
    union all by name
    select * from register_exits
)

select * from final
