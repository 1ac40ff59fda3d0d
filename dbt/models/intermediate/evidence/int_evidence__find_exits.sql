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

deliveries as (
    select
        source,
        delivery_no,
        delivery_rank
    from {{ ref('stg_deliveries__known') }}
),

status_events as (
    select
        person_no,
        event,
        event_date,
        delivery_no,
        row_number
    from {{ ref('stg_personstatus__events') }}
),

codes as (
    select
        code,
        benefit_group,
        is_exit,
        exit_reason
    from {{ ref('stg_benefit_codes__codes') }}
),

identities as (
    select
        person_no,
        canonical_person_no
    from {{ ref('int_persons__resolve_identity') }}
),

-- a row of the weekly payments has its group in place of a code
exit_codes as (
    select
        code::varchar as code,
        exit_reason
    from codes
    where is_exit
    union all
    select
        benefit_group as code,
        min(exit_reason) as exit_reason
    from codes
    group by benefit_group
    having bool_and(is_exit)
),

newest_status as (
    select max_by(delivery_no, delivery_rank) as delivery_no
    from deliveries
    where source = 'personstatus'
),

status_exits as (
    select
        course_facts.contract_id,
        course_facts.course_id,
        'exit' as role,
        status_events.delivery_no,
        status_events.row_number,
        status_events.event as code,
        status_events.event_date as first_day,
        status_events.event_date as last_day
    from status_events
    inner join newest_status on status_events.delivery_no = newest_status.delivery_no
    left join identities on status_events.person_no = identities.person_no
    inner join course_facts
        on
            coalesce(identities.canonical_person_no, status_events.person_no)
            = course_facts.person_no
            and status_events.event = course_facts.exit_reason
            and status_events.event_date = course_facts.exit_date
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
