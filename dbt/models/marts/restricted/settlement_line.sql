-- grain: one row per line of a closed period
-- counts: new and true-up lines, old and new amount, cause
-- rules: S.new, S.true_up
-- left out: nothing; approved periods are published from the ledger
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
    from {{ ref('int_lines__assemble') }}
),

final as (
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
    from lines
)

select * from final
