-- grain: one row per approved contract, period, corrected period and cause
-- counts: the frozen true-ups
-- rules: S.frozen
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'frozen_settlement_true_up') }}
),

final as (
    select
        contract_id,
        period_start,
        corrected_period_start,
        cause,
        line_count,
        difference_dkk,
        is_suppressed
    from source
)

select * from final
