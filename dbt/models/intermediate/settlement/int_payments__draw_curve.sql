-- grain: one row per contract, reading and basis
-- counts: W and the share of the next krone at 0, at every threshold and ceiling, where a ceiling
--     on the payment is reached, and 1 krone either side of each
-- rules: S.curve
-- left out: nothing. All readings of a contract share their points, so that they can be compared
with

readings as (
    select
        contract_id,
        reading_id,
        clause,
        payment_ceiling_oere,
        basis_ceiling_oere,
        tiers
    from {{ ref('int_readings__arrange_tiers') }}
),

tier_rows as (
    select
        contract_id,
        reading_id,
        payment_ceiling_oere * {{ share_parts() }} as ceiling_parts,
        unnest(tiers) as own_tier
    from readings
),

tiers as (
    select
        tier_rows.contract_id,
        tier_rows.reading_id,
        tier_rows.ceiling_parts,
        own_tier.tier_no,
        own_tier.above_oere,
        own_tier.below_oere,
        own_tier.share_parts
    from tier_rows
),

tier_totals as (
    select
        contract_id,
        ceiling_parts,
        above_oere,
        share_parts,
        coalesce(
            sum(share_parts * (below_oere - above_oere)) over (
                partition by contract_id, reading_id order by tier_no
                rows between unbounded preceding and 1 preceding
            ),
            0
        )::hugeint as paid_below_parts,
        share_parts * (below_oere - above_oere) as paid_within_parts
    from tiers
),

-- the smallest whole øre of basis at which the shares come to the ceiling
reached as (
    select
        contract_id,
        above_oere + (ceiling_parts - paid_below_parts + share_parts - 1) // share_parts
            as basis_oere
    from tier_totals
    where
        share_parts > 0
        and ceiling_parts > paid_below_parts
        and (
            paid_within_parts is null
            or ceiling_parts <= paid_below_parts + paid_within_parts
        )
),

marks as (
    select
        contract_id,
        above_oere as basis_oere
    from tiers
    union
    select
        contract_id,
        payment_ceiling_oere as basis_oere
    from readings
    where payment_ceiling_oere is not null
    union
    select
        contract_id,
        basis_ceiling_oere as basis_oere
    from readings
    where basis_ceiling_oere is not null
    union
    select
        contract_id,
        basis_oere
    from reached
),

points as (
    select
        contract_id,
        basis_oere - {{ to_oere('1') }} as basis_oere
    from marks
    union
    select
        contract_id,
        basis_oere
    from marks
    union
    select
        contract_id,
        basis_oere + {{ to_oere('1') }} as basis_oere
    from marks
),

counted as (
    select
        points.contract_id,
        points.basis_oere,
        readings.reading_id,
        readings.clause,
        readings.payment_ceiling_oere,
        readings.basis_ceiling_oere,
        readings.tiers,
        {{ settlement_counted_oere('points.basis_oere', 'readings') }} as counted_oere
    from points
    inner join readings on points.contract_id = readings.contract_id
),

paid as (
    select
        *,
        list_filter(
            counted.tiers,  -- noqa: RF03
            lambda each_tier: each_tier.above_oere <= greatest(counted.basis_oere, 0::hugeint)
        )[-1] as own_tier,
        {{ settlement_payment_oere('counted_oere', 'counted') }} as payment_oere
    from counted
),

-- a ceiling that is null is not reached: what is asked below is then null and never true
judged as (
    select
        *,
        basis_oere >= basis_ceiling_oere or payment_oere >= payment_ceiling_oere as is_at_ceiling
    from paid
),

final as (
    select
        judged.contract_id,
        judged.reading_id,
        {{ to_kroner('basis_oere') }} as basis_dkk,
        {{ to_kroner('payment_oere') }} as payment_dkk,
        case
            when judged.is_at_ceiling or judged.basis_oere < 0 then 0
            else {{ to_share('own_tier.share_parts') }}
        end::decimal(9, 6) as marginal_share,
        case when judged.is_at_ceiling then clause else own_tier.clause end as clause
    from judged
)

select * from final
