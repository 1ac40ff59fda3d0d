-- grain: one row per contract with a business case
-- counts: gross and net saving, payback over total and over service, beside the stated ones
-- rules: R7.business_case, R7.payback
-- left out: nothing
with

paybacks as (
    select
        contract_id,
        gross_saving_dkk,
        net_saving_dkk,
        payback_year_total,
        payback_year_service,
        stated_payback_total,
        stated_payback_service
    from {{ ref('int_business_case__find_payback') }}
),

final as (
    select
        contract_id,
        gross_saving_dkk,
        net_saving_dkk,
        payback_year_total,
        payback_year_service,
        stated_payback_total,
        stated_payback_service
    from paybacks
)

select * from final
