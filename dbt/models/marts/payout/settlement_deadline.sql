-- grain: one row per contract with a calendar, closed period and step that has a deadline
-- counts: until when the step is to be taken, by whom, and when it was
-- rules: M.deadline, S.due, S.step_done, S.deadline_status
-- left out: contracts without settlement.calendar, open periods; nothing is blocked by a deadline
with

deadlines as (
    select
        contract_id,
        period_start,
        step,
        owner,
        due_on,
        done_on,
        days_late,
        status
    from {{ ref('int_deadlines__judge') }}
),

final as (
    select
        contract_id,
        period_start,
        step,
        owner,
        due_on,
        done_on,
        days_late,
        status
    from deadlines
)

select * from final
