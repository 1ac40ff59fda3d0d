-- grain: one row per contract, approved period and cause
-- counts: approved lines that today's knowledge would change, and by how many kroner
-- rules: S.radar, M.suppression
-- left out: whether a period is there to take the difference (settlement_true_up)
with

changes as (
    select
        contract_id,
        corrected_period_start,
        course_id,
        difference_dkk,
        cause
    from {{ ref('int_lines__explain_changes') }}
),

courses as (
    select
        contract_id,
        course_id,
        person_no
    from {{ ref('int_courses__resolve_known') }}
),

counted as (
    select
        changes.contract_id,
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
        {{ suppress_flag('persons', ['contract_id', 'corrected_period_start'], 'cause') }}
            as is_suppressed
    from counted
),

final as (
    select
        contract_id,
        corrected_period_start,
        cause,
        {{ suppress_measure('line_count') }} as line_count,
        {{ suppress_measure('difference_dkk') }} as difference_dkk,
        is_suppressed
    from flagged
)

select * from final
