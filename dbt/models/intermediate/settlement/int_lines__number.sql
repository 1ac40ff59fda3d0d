-- grain: one row per line of a closed period
-- counts: the frozen lines of approved periods; new and true-up lines of the others, numbered by
--     (line_kind, part_id, course_id, month, price_group)
-- rules: S.line_no
-- left out: causes of lines that are not approved yet (int_lines__assemble)
with

periods as (
    select
        contract_id,
        period_start
    from {{ ref('int_periods__list') }}
    where is_approved
),

frozen_lines as (
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
    from {{ ref('stg_ledger__frozen_lines') }}
),

booked as (
    select
        contract_id,
        period_start,
        part_id,
        course_id,
        month,
        price_group,
        amount_dkk
    from {{ ref('int_lines__book_new') }}
    where is_closed and not is_approved
),

true_ups as (
    select
        contract_id,
        period_start,
        part_id,
        course_id,
        month,
        price_group,
        old_amount_dkk,
        new_amount_dkk,
        difference_dkk
    from {{ ref('int_lines__true_up') }}
    where period_start is not null
),

approved_lines as (
    select frozen_lines.*
    from frozen_lines
    inner join periods
        on
            frozen_lines.contract_id = periods.contract_id
            and frozen_lines.period_start = periods.period_start
),

draft_lines as (
    select
        contract_id,
        period_start,
        'new' as line_kind,
        part_id,
        course_id,
        month,
        price_group,
        0::decimal(18, 2) as old_amount_dkk,
        amount_dkk as new_amount_dkk,
        amount_dkk as difference_dkk
    from booked
    union all by name
    select
        contract_id,
        period_start,
        'true_up' as line_kind,
        part_id,
        course_id,
        month,
        price_group,
        old_amount_dkk,
        new_amount_dkk,
        difference_dkk
    from true_ups
),

numbered_drafts as (
    select
        *,
        row_number() over (
            partition by contract_id, period_start
            order by line_kind, part_id, course_id nulls first, month, price_group
        ) as line_no
    from draft_lines
),

lines as (
    select * from approved_lines
    union all by name
    select * from numbered_drafts
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
