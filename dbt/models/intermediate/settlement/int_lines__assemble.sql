{{ config(materialized='view') }}
-- grain: one row per line of a closed period
-- counts: the lines with their causes: frozen ones as approved, true-ups as sought tonight
-- rules: S.new, S.true_up, S.frozen
-- left out: nothing. A view, because causes arrive after the lines (int_lines__explain_changes)
with

lines as (
    select
        contract_id,
        period_start,
        line_no,
        line_kind,
        part_id,
        course_id,
        month,
        price_group,
        old_amount_dkk,
        new_amount_dkk,
        difference_dkk,
        cause,
        cause_delivery_sha256
    from {{ ref('int_lines__number') }}
),

changes as (
    select
        contract_id,
        period_start,
        part_id,
        course_id,
        month,
        price_group,
        cause,
        cause_delivery_sha256
    from {{ ref('int_lines__explain_changes') }}
),

final as (
    select
        lines.contract_id,
        lines.period_start,
        lines.line_no,
        lines.line_kind,
        lines.part_id,
        lines.course_id,
        lines.month,
        lines.price_group,
        lines.old_amount_dkk,
        lines.new_amount_dkk,
        lines.difference_dkk,
        coalesce(changes.cause, lines.cause) as cause,
        coalesce(changes.cause_delivery_sha256, lines.cause_delivery_sha256)
            as cause_delivery_sha256
    from lines
    left join changes
        on
            lines.line_kind = 'true_up'
            and lines.contract_id = changes.contract_id
            and lines.period_start = changes.period_start
            and lines.part_id = changes.part_id
            and lines.course_id is not distinct from changes.course_id
            and lines.month = changes.month
            and lines.price_group = changes.price_group
)

select * from final
