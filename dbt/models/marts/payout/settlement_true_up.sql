-- grain: one row per contract, closed period, corrected period and cause
-- counts: true-up lines and their kroner
-- rules: S.true_up, M.suppression
-- left out: nothing; approved periods are published from the ledger
with

periods as (
    select
        contract_id,
        period_start,
        is_approved
    from {{ ref('int_periods__list') }}
),

changes as (
    select
        contract_id,
        period_start,
        corrected_period_start,
        course_id,
        difference_dkk,
        cause
    from {{ ref('int_lines__explain_changes') }}
    where period_start is not null
),

courses as (
    select
        contract_id,
        course_id,
        person_no
    from {{ ref('int_courses__resolve_known') }}
),

frozen as (
    select
        contract_id,
        period_start,
        corrected_period_start,
        cause,
        line_count,
        difference_dkk,
        is_suppressed
    from {{ ref('stg_ledger__frozen_true_ups') }}
),

counted as (
    select
        changes.contract_id,
        changes.period_start,
        changes.corrected_period_start,
        changes.cause,
        count(*) as line_count,
        sum(changes.difference_dkk)::decimal(18, 2) as difference_dkk,
        count(distinct courses.person_no) as persons
    from changes
    left join courses
        on
            changes.contract_id = courses.contract_id
            and changes.course_id = courses.course_id
    group by all
),

flagged as (
    select
        *,
        {{ suppress_flag(
            'persons', ['contract_id', 'period_start', 'corrected_period_start'], 'cause'
        ) }} as is_suppressed
    from counted
),

drafted as (
    select
        contract_id,
        period_start,
        corrected_period_start,
        cause,
        {{ suppress_measure('line_count') }} as line_count,
        {{ suppress_measure('difference_dkk') }} as difference_dkk,
        is_suppressed
    from flagged
),

approved as (
    select frozen.*
    from frozen
    inner join periods
        on
            frozen.contract_id = periods.contract_id
            and frozen.period_start = periods.period_start
            and periods.is_approved
),

final as (
    select * from drafted
    union all by name
    select * from approved
)

select * from final
