-- grain: one row per contract, closed period and tier
-- counts: the basis that falls into each tier under the chosen reading, and what the tier adds to W
--     before the payment ceiling; the running sum is rounded, never a tier: the amounts add up to W
-- rules: S.tiers
-- left out: the payment ceiling (int_payments__apply_readings), the other readings
with

counted as (
    select
        contract_id,
        period_start,
        {{ to_oere('counted_basis_dkk') }} as counted_oere
    from {{ ref('int_payments__apply_readings') }}
    where is_chosen
),

readings as (
    select
        contract_id,
        tiers
    from {{ ref('int_readings__arrange_tiers') }}
    where is_chosen
),

tier_rows as (
    select
        counted.contract_id,
        counted.period_start,
        counted.counted_oere,
        unnest(readings.tiers) as own_tier
    from counted
    inner join readings on counted.contract_id = readings.contract_id
),

widths as (
    select
        contract_id,
        period_start,
        own_tier['tier_no'] as tier_no,
        own_tier['above_oere'] as above_oere,
        own_tier['below_oere'] as below_oere,
        own_tier['share_parts'] as share_parts,
        greatest(
            least(counted_oere, own_tier['below_oere']) - own_tier['above_oere'], 0::hugeint
        ) as width_oere
    from tier_rows
),

summed as (
    select
        *,
        sum(width_oere * share_parts) over (
            partition by contract_id, period_start order by tier_no
        ) as parts_through
    from widths
),

rounded as (
    select
        *,
        {{ div_round('parts_through', share_parts()) }} as oere_through
    from summed
),

final as (
    select
        contract_id,
        period_start,
        tier_no,
        {{ to_kroner('above_oere') }} as above_dkk,
        {{ to_kroner('below_oere') }} as up_to_dkk,
        {{ to_share('share_parts') }} as provider_share,
        {{ to_kroner('width_oere') }} as basis_dkk,
        {{ to_kroner(
            'oere_through - lag(oere_through, 1, 0::hugeint) over ('
            ~ 'partition by contract_id, period_start order by tier_no)'
        ) }} as amount_dkk
    from rounded
)

select * from final
