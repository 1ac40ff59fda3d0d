{{ config(materialized='view') }}
-- grain: one row per contract, closed settlement period and step that has a deadline
-- counts: who has the step, whether it waits, is due, late or done, and by how many calendar days
--   it is late; a dispute can be opened until its deadline is over, and is never late
-- rules: S.deadline_status, M.deadline
-- decides: S.deadline_status, M.deadline
-- left out: nothing. A view, as int_steps__find_done
with

deadlines as (
    select
        contract_id,
        period_start,
        step,
        due_on
    from {{ ref('int_deadlines__date') }}
),

done as (
    select
        contract_id,
        period_start,
        step,
        done_on
    from {{ ref('int_steps__find_done') }}
),

run_context as (
    select as_of_date from {{ ref('stg_run__context') }}
),

final as (
    select
        deadlines.contract_id,
        deadlines.period_start,
        deadlines.step,
        case
            when deadlines.step in ('submit', 'dispute') then 'provider'
            when deadlines.step = 'pay' then 'finance'
            else 'municipality'
        end as owner,  -- noqa: RF04
        deadlines.due_on,
        done.done_on,
        case
            when deadlines.due_on is null or deadlines.step = 'dispute' then null
            else
                greatest(0, coalesce(done.done_on, run_context.as_of_date) - deadlines.due_on)
        end::bigint as days_late,
        case
            when deadlines.due_on is null then 'waiting'
            when deadlines.step = 'dispute' and deadlines.due_on >= run_context.as_of_date
                then 'open'
            when deadlines.step = 'dispute' then 'closed'
            when done.done_on <= deadlines.due_on then 'done'
            when done.done_on is not null then 'done_late'
            when deadlines.due_on >= run_context.as_of_date then 'due'
            else 'overdue'
        end as status
    from deadlines
    cross join run_context
    left join done
        on
            deadlines.contract_id = done.contract_id
            and deadlines.period_start = done.period_start
            and deadlines.step = done.step
)

select * from final
