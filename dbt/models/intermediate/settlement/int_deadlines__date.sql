{{ config(materialized='view') }}
-- grain: one row per contract, closed settlement period and step that has a deadline
-- counts: the day that the step is due on, null while it waits for the one before; a Saturday, a
--   Sunday and a public holiday move it to the next day that is none
-- rules: S.due, S.holidays
-- decides: S.due
-- left out: whether the step has been taken in time (int_deadlines__judge). A view, as
--   int_steps__find_done
with

periods as (
    select
        contract_id,
        period_no,
        period_start,
        period_end,
        is_closed
    from {{ ref('int_periods__list') }}
),

steps as (
    select
        contract_id,
        step,
        within_days
    from {{ ref('stg_contracts__calendar_steps') }}
),

done as (
    select
        contract_id,
        period_start,
        step,
        done_on
    from {{ ref('int_steps__find_done') }}
),

holidays as (
    select holiday from {{ ref('stg_calendar__holidays') }}
),

gather_done as (
    select
        periods.contract_id,
        periods.period_no,
        periods.period_start,
        periods.period_end,
        periods.is_closed,
        max(done.done_on) filter (where done.step = 'submit') as submitted_on,
        max(done.done_on) filter (where done.step = 'verify') as verified_on,
        max(done.done_on) filter (where done.step = 'approve') as approved_on
    from periods
    left join done
        on
            periods.contract_id = done.contract_id
            and periods.period_start = done.period_start
    group by all
),

add_earlier as (
    select
        *,
        lag(approved_on) over (partition by contract_id order by period_no) as earlier_approved_on
    from gather_done
),

count_from as (
    select
        add_earlier.contract_id,
        add_earlier.period_start,
        steps.step,
        steps.within_days,
        case steps.step
            when 'submit'
                then
                    case
                        when add_earlier.period_no = 1 then add_earlier.period_end
                        when add_earlier.earlier_approved_on is not null
                            then greatest(add_earlier.period_end, add_earlier.earlier_approved_on)
                    end
            when 'verify' then add_earlier.submitted_on
            when 'approve' then add_earlier.verified_on
            else add_earlier.approved_on
        end as counted_from
    from add_earlier
    inner join steps on add_earlier.contract_id = steps.contract_id
    where add_earlier.is_closed
),

count_days as (
    select
        contract_id,
        period_start,
        step,
        counted_from + within_days as counted_to
    from count_from
),

list_candidates as (
    select
        contract_id,
        period_start,
        step,
        unnest(
            generate_series(counted_to, counted_to + interval 1 month, interval 1 day)
        )::date as day
    from count_days
    where counted_to is not null
),

due as (
    select
        list_candidates.contract_id,
        list_candidates.period_start,
        list_candidates.step,
        min(list_candidates.day) as due_on
    from list_candidates
    anti join holidays on list_candidates.day = holidays.holiday
    where isodow(list_candidates.day) not in (6, 7)
    group by all
),

final as (
    select
        count_days.contract_id,
        count_days.period_start,
        count_days.step,
        due.due_on
    from count_days
    left join due
        on
            count_days.contract_id = due.contract_id
            and count_days.period_start = due.period_start
            and count_days.step = due.step
)

select * from final
