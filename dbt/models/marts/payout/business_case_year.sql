-- grain: one row per contract and year of its business case
-- counts: permanent changes, investment, net and cumulative net; savings are negative
-- rules: R7.business_case
-- left out: years beyond the stated ones
with

years as (
    select
        contract_id,
        year,
        permanent_service_dkk,
        permanent_transfer_dkk,
        permanent_dkk,
        investment_dkk,
        net_dkk,
        net_cumulative_dkk
    from {{ ref('int_business_case__sum_years') }}
),

final as (
    select
        contract_id,
        year,
        permanent_service_dkk,
        permanent_transfer_dkk,
        permanent_dkk,
        investment_dkk,
        net_dkk,
        net_cumulative_dkk
    from years
)

select * from final
