-- grain: one row per contract with payment and month of its ordinary periods
-- counts: the period that a month's amounts are booked in
-- rules: S.periods
-- left out: the closing settlement (slutafregning), which has true-up lines only
with

periods as (
    select
        contract_id,
        period_no,
        period_start,
        period_end,
        is_closed,
        is_approved
    from {{ ref('int_periods__list') }}
    where not is_final
),

final as (
    select
        contract_id,
        unnest(generate_series(period_start, period_end, interval 1 month))::date as month,
        period_no,
        period_start,
        is_closed,
        is_approved
    from periods
)

select * from final
