{{ config(materialized='view') }}
-- grain: one row per changed approved amount (int_lines__true_up)
-- counts: its cause and the delivery that brought it; `unknown` until the causes have been sought
-- rules: S.cause
-- left out: how a cause is found (one input put back at a time, outside SQL). A view, because the
--     causes are sought for the changes that int_lines__true_up has found
with

true_ups as (
    select
        contract_id,
        period_start,
        corrected_period_start,
        part_id,
        course_id,
        month,
        price_group,
        old_amount_dkk,
        new_amount_dkk,
        difference_dkk
    from {{ ref('int_lines__true_up') }}
),

causes as (
    select
        contract_id,
        part_id,
        course_id,
        month,
        price_group,
        cause,
        cause_delivery_sha256
    from {{ ref('stg_ledger__line_causes') }}
),

final as (
    select
        true_ups.*,
        coalesce(causes.cause, 'unknown') as cause,
        causes.cause_delivery_sha256
    from true_ups
    left join causes
        on
            true_ups.contract_id = causes.contract_id
            and true_ups.part_id = causes.part_id
            and true_ups.course_id is not distinct from causes.course_id
            and true_ups.month = causes.month
            and (
                true_ups.course_id is not null
                or true_ups.price_group = causes.price_group
            )
)

select * from final
