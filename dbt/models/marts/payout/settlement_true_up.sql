-- grain: one row per contract, closed period, corrected period and cause
-- counts: true-up lines and their kroner; the causes with too few persons stand in one row; a
--   course that has left the list counts as a person of its own
-- rules: S.true_up, M.suppression, M.family
-- left out: nothing; approved periods are published from the ledger. Those approved before hidden
--   causes stood in one row are gathered here
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

attributed as (
    select
        changes.contract_id,
        changes.period_start,
        changes.corrected_period_start,
        changes.cause,
        coalesce(courses.person_no::varchar, 'course ' || changes.course_id) as person_no,
        1 as line_count,
        changes.difference_dkk
    from changes
    left join courses
        on
            changes.contract_id = courses.contract_id
            and changes.course_id = courses.course_id
),

drafted as (
    {{ publish_family('settlement_true_up', 'attributed') }}
),

approved as (
    select
        frozen.contract_id,
        frozen.period_start,
        frozen.corrected_period_start,
        case when frozen.is_suppressed then 'hidden' else frozen.cause end as cause,
        frozen.line_count,
        frozen.difference_dkk,
        frozen.is_suppressed,
        case when frozen.is_suppressed then 'hidden' else '' end as null_reason
    from frozen
    inner join periods
        on
            frozen.contract_id = periods.contract_id
            and frozen.period_start = periods.period_start
            and periods.is_approved
    group by all
),

final as (
    select * from drafted
    union all by name
    select * from approved
)

select * from final
