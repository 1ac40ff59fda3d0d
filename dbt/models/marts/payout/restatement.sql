-- grain: one row per contract, approved period and cause
-- counts: approved lines that today's knowledge would change, and by how many kroner; the causes
--   with too few persons stand in one row; a
--   course that has left the list counts as a person of its own
-- rules: S.radar, M.suppression, M.family
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

attributed as (
    select
        changes.contract_id,
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

final as (
    {{ publish_family('restatement', 'attributed') }}
)

select * from final
