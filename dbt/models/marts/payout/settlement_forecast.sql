-- grain: one row per contract, scenario and period that is not approved
-- counts: what the period would come to if the open months went as the scenario says
-- rules: S.forecast, M.bill
-- left out: approved periods, which stand as they were frozen (settlement)
with

periods as (
    select
        contract_id,
        scenario,
        period_start,
        basis_dkk,
        basis_cumulative_dkk,
        entitlement_cumulative_dkk,
        payment_cumulative_dkk
    from {{ ref('int_forecast__settle_periods') }}
    where not is_approved
),

final as (
    select
        contract_id,
        scenario,
        period_start,
        basis_dkk,
        basis_cumulative_dkk,
        entitlement_cumulative_dkk,
        payment_cumulative_dkk
    from periods
)

select * from final
