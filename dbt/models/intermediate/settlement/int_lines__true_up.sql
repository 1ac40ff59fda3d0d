-- grain: one row per approved contract, part, course (or group) and month whose amount has changed
-- counts: today's amount against the sum of its approved lines; the first period not yet approved
--     takes the difference (period_start, null while that period is not closed or there is none)
-- rules: S.true_up, S.radar, F.retention
-- decides: S.true_up
-- left out: the cause, which is provenance (int_lines__explain_changes); contracts whose retention
--     has ended, which no amount of today stands against
with

frozen_lines as (
    select
        contract_id,
        period_start,
        line_no,
        part_id,
        course_id,
        month,
        price_group,
        difference_dkk
    from {{ ref('stg_ledger__frozen_lines') }}
),

contracts as (
    select contract_id from {{ ref('stg_contracts__contracts') }}
),

todays_lines as (
    select
        contract_id,
        part_id,
        course_id,
        month,
        price_group,
        amount_dkk
    from {{ ref('int_lines__book_new') }}
    where is_approved
),

courses as (
    select
        contract_id,
        course_id,
        price_group
    from {{ ref('int_courses__decide_eligibility') }}
),

months as (
    select
        contract_id,
        month,
        period_start
    from {{ ref('int_periods__spread_months') }}
    where is_approved
),

next_periods as (
    select
        contract_id,
        period_start,
        is_closed
    from {{ ref('int_periods__list') }}
    where is_next
),

-- a course has one price group at a time: only lines without a course are kept apart by group
approved as (
    select
        frozen_lines.contract_id,
        frozen_lines.part_id,
        coalesce(frozen_lines.course_id, '') as course_key,
        case
            when frozen_lines.course_id is null then frozen_lines.price_group else ''
        end as group_key,
        frozen_lines.month,
        sum(frozen_lines.difference_dkk) as amount_dkk,
        arg_max(frozen_lines.price_group, (frozen_lines.period_start, frozen_lines.line_no))
            as price_group
    from frozen_lines
    semi join contracts on frozen_lines.contract_id = contracts.contract_id
    group by all
),

today as (
    select
        contract_id,
        part_id,
        coalesce(course_id, '') as course_key,
        case when course_id is null then price_group else '' end as group_key,
        month,
        amount_dkk,
        price_group
    from todays_lines
),

compared as (
    select
        coalesce(today.contract_id, approved.contract_id) as contract_id,
        coalesce(today.part_id, approved.part_id) as part_id,
        coalesce(today.course_key, approved.course_key) as course_key,
        coalesce(today.month, approved.month) as month,
        coalesce(approved.amount_dkk, 0)::decimal(18, 2) as old_amount_dkk,
        coalesce(today.amount_dkk, 0)::decimal(18, 2) as new_amount_dkk,
        today.price_group as todays_group,
        approved.price_group as approved_group
    from approved
    full outer join today
        on
            approved.contract_id = today.contract_id
            and approved.part_id = today.part_id
            and approved.course_key = today.course_key
            and approved.group_key = today.group_key
            and approved.month = today.month
),

changed as (
    select * from compared
    where old_amount_dkk <> new_amount_dkk
),

final as (
    select
        changed.contract_id,
        case when next_periods.is_closed then next_periods.period_start end as period_start,
        months.period_start as corrected_period_start,
        changed.part_id,
        nullif(changed.course_key, '') as course_id,
        changed.month,
        coalesce(changed.todays_group, courses.price_group, changed.approved_group) as price_group,
        changed.old_amount_dkk,
        changed.new_amount_dkk,
        (changed.new_amount_dkk - changed.old_amount_dkk)::decimal(18, 2) as difference_dkk
    from changed
    inner join months
        on changed.contract_id = months.contract_id and changed.month = months.month
    left join next_periods on changed.contract_id = next_periods.contract_id
    left join courses
        on changed.contract_id = courses.contract_id and changed.course_key = courses.course_id
)

select * from final
