-- grain: one row per contract with variants, closed period and variant; the contract's own row has
--     an empty variant_id
-- counts: what other terms would come to, as if nothing had been approved
-- rules: S.variant, S.unapproved, M.bill
-- left out: the closing settlement; approved periods are today's, their statements keep what they
--     showed
with

compared as (
    select
        contract_id,
        period_start,
        variant_id,
        basis_dkk,
        basis_cumulative_dkk,
        entitlement_cumulative_dkk,
        difference_dkk
    from {{ ref('int_variants__compare') }}
),

final as (
    select
        contract_id,
        period_start,
        variant_id,
        basis_dkk,
        basis_cumulative_dkk,
        entitlement_cumulative_dkk,
        difference_dkk
    from compared
)

select * from final
