-- grain: one row per contract with payment and reading
-- counts: ceilings in øre, the tiers as a list in order, and the greatest payment possible
--     (null without a ceiling)
-- rules: S.tiers, C.readings
-- left out: the authorised maximum, which holds payment back and is no ceiling
with

tiers as (
    select
        contract_id,
        tier_no,
        above_dkk,
        provider_share,
        clause
    from {{ ref('stg_contracts__tiers') }}
),

alternatives as (
    select
        contract_id,
        reading_order,
        reading_id,
        is_chosen,
        payment_ceiling_dkk,
        basis_ceiling_dkk,
        clause
    from {{ ref('stg_contracts__readings') }}
),

bounded as (
    select
        contract_id,
        tier_no,
        clause,
        {{ to_oere('above_dkk') }} as above_oere,
        {{ to_share_parts('provider_share') }} as share_parts,
        {{ to_oere('lead(above_dkk) over (partition by contract_id order by tier_no)') }}
            as below_oere
    from tiers
),

listed as (
    select
        contract_id,
        list(
            struct_pack(
                tier_no := tier_no,
                above_oere := above_oere,
                below_oere := below_oere,
                share_parts := share_parts,
                clause := clause
            )
            order by tier_no
        ) as tiers
    from bounded
    group by contract_id
),

readings as (
    select
        alternatives.contract_id,
        alternatives.reading_order,
        alternatives.reading_id,
        alternatives.is_chosen,
        alternatives.clause,
        {{ to_oere('alternatives.payment_ceiling_dkk') }} as payment_ceiling_oere,
        {{ to_oere('alternatives.basis_ceiling_dkk') }} as basis_ceiling_oere,
        listed.tiers,
        listed.tiers[-1] as last_tier
    from alternatives
    inner join listed on alternatives.contract_id = listed.contract_id
),

-- beyond the basis ceiling, or in a last tier that pays nothing, more basis brings no more payment
highest_basis as (
    select
        *,
        coalesce(basis_ceiling_oere, last_tier['above_oere']) as highest_oere,
        basis_ceiling_oere is null and last_tier['share_parts'] > 0 as is_ever_rising
    from readings
),

final as (
    select
        highest_basis.contract_id,
        highest_basis.reading_order,
        highest_basis.reading_id,
        highest_basis.is_chosen,
        highest_basis.clause,
        highest_basis.payment_ceiling_oere,
        highest_basis.basis_ceiling_oere,
        highest_basis.tiers,
        case
            when
                highest_basis.payment_ceiling_oere is null
                and highest_basis.basis_ceiling_oere is null
                then null
            when highest_basis.is_ever_rising then highest_basis.payment_ceiling_oere
            else {{ settlement_payment_oere('highest_oere', 'highest_basis') }}
        end as greatest_payment_oere
    from highest_basis
)

select * from final
