-- grain: one row per contract with variants, closed period and variant; the contract's own row has
--     an empty variant_id
-- counts: basis and entitlement under the variant's terms and its own chosen reading, as if nothing
--     had been approved, and how much the entitlement differs from the contract's own
-- rules: S.variant, S.unapproved
-- decides: S.variant, S.unapproved
-- left out: the closing settlement, which has true-up lines only
with

variants as (
    select
        contract_id,
        of_contract_id,
        variant_id
    from {{ ref('stg_variants__variants') }}
),

periods as (
    select
        contract_id,
        period_start
    from {{ ref('int_periods__list') }}
    where is_closed and not is_final
),

basis as (
    select
        contract_id,
        period_start,
        basis_dkk,
        basis_cumulative_dkk
    from {{ shadow_ref('int_basis__sum_periods') }}
),

chosen as (
    select
        contract_id,
        period_start,
        entitlement_cumulative_dkk
    from {{ shadow_ref('int_payments__apply_readings') }}
    where is_chosen
),

priced as (
    select
        periods.contract_id,
        periods.period_start,
        variants.variant_id,
        basis.basis_dkk,
        basis.basis_cumulative_dkk,
        chosen.entitlement_cumulative_dkk
    from periods
    inner join variants on periods.contract_id = variants.of_contract_id
    inner join basis
        on variants.contract_id = basis.contract_id and periods.period_start = basis.period_start
    inner join chosen
        on variants.contract_id = chosen.contract_id and periods.period_start = chosen.period_start
),

final as (
    select
        contract_id,
        period_start,
        variant_id,
        basis_dkk,
        basis_cumulative_dkk,
        entitlement_cumulative_dkk,
        (
            entitlement_cumulative_dkk
            - any_value(entitlement_cumulative_dkk) filter (where variant_id = '') over (
                partition by contract_id, period_start
            )
        )::decimal(18, 2) as difference_dkk
    from priced
)

select * from final
