-- grain: one row per contract, closed period and reading
-- counts: W(basis cumulated) under the reading, and how much it differs from the chosen one
-- rules: S.tiers, S.readings, S.headroom
-- left out: the authorised maximum; what an approved period says (its frozen rows are published)
with

basis as (
    select
        contract_id,
        period_start,
        {{ to_oere('basis_cumulative_dkk') }} as basis_oere
    from {{ ref('int_basis__sum_periods') }}
),

readings as (
    select
        contract_id,
        reading_order,
        reading_id,
        is_chosen,
        payment_ceiling_oere,
        basis_ceiling_oere,
        greatest_payment_oere,
        tiers
    from {{ ref('int_readings__arrange_tiers') }}
),

counted as (
    select
        basis.contract_id,
        basis.period_start,
        readings.reading_order,
        readings.reading_id,
        readings.is_chosen,
        readings.payment_ceiling_oere,
        readings.greatest_payment_oere,
        readings.tiers,
        {{ settlement_counted_oere('basis.basis_oere', 'readings') }} as counted_oere
    from basis
    inner join readings on basis.contract_id = readings.contract_id
),

entitled as (
    select
        *,
        {{ settlement_payment_oere('counted_oere', 'counted') }} as entitlement_oere,
        list_min(list_filter(
            list_transform(tiers, lambda each_tier: each_tier.above_oere),  -- noqa: RF03
            lambda each_above: each_above > counted_oere  -- noqa: RF03
        )) as next_above_oere
    from counted
),

final as (
    select
        contract_id,
        period_start,
        reading_order,
        reading_id,
        is_chosen,
        {{ to_kroner('counted_oere') }} as counted_basis_dkk,
        {{ to_kroner('entitlement_oere') }} as entitlement_cumulative_dkk,
        {{ to_kroner(
            'entitlement_oere - any_value(entitlement_oere) filter (where is_chosen) over ('
            ~ 'partition by contract_id, period_start)'
        ) }} as difference_to_chosen_dkk,
        {{ to_kroner('next_above_oere - counted_oere') }} as headroom_to_next_tier_dkk,
        {{ to_kroner('greatest_payment_oere - entitlement_oere') }} as headroom_to_ceiling_dkk
    from entitled
)

select * from final
