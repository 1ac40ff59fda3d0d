-- grain: one row per contract and year of its business case
-- counts: permanent changes of service and of transfers, investment, net and cumulative net;
--   savings are negative
-- rules: R7.business_case
-- decides: R7.business_case
-- left out: years beyond the stated horizon (int_business_case__find_payback)
with

lines as (
    select
        contract_id,
        category,
        area,
        year,
        amount_dkk
    from {{ ref('stg_contracts__business_case_lines') }}
),

sums as (
    select
        contract_id,
        year,
        coalesce(
            sum(amount_dkk) filter (where category = 'permanent' and area = 'service'), 0
        )::decimal(18, 2) as permanent_service_dkk,
        coalesce(
            sum(amount_dkk) filter (where category = 'permanent' and area = 'transfer'), 0
        )::decimal(18, 2) as permanent_transfer_dkk,
        coalesce(
            sum(amount_dkk) filter (where category = 'investment'), 0
        )::decimal(18, 2) as investment_dkk
    from lines
    group by contract_id, year
),

final as (
    select
        contract_id,
        year,
        permanent_service_dkk,
        permanent_transfer_dkk,
        (permanent_service_dkk + permanent_transfer_dkk)::decimal(18, 2) as permanent_dkk,
        investment_dkk,
        (permanent_service_dkk + permanent_transfer_dkk + investment_dkk)::decimal(18, 2)
            as net_dkk,
        sum(permanent_service_dkk + permanent_transfer_dkk + investment_dkk) over (
            partition by contract_id
            order by year
        )::decimal(18, 2) as net_cumulative_dkk
    from sums
)

select * from final
