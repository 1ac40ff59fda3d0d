-- grain: one row per contract, scenario and threshold
-- counts: when a scenario reaches each threshold of the payment
-- rules: S.outlook, M.bill
-- left out: thresholds that the contract does not have
with

thresholds as (
    select
        contract_id,
        scenario,
        threshold,
        amount_dkk,
        period_start
    from {{ ref('int_outlook__find_periods') }}
),

final as (
    select
        contract_id,
        scenario,
        threshold,
        amount_dkk,
        period_start
    from thresholds
)

select * from final
