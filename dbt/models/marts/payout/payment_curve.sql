-- grain: one row per contract, reading and basis
-- counts: what a basis pays and what the next krone of it would pay
-- rules: S.curve
-- left out: the authorised maximum
with

curve as (
    select
        contract_id,
        reading_id,
        basis_dkk,
        payment_dkk,
        marginal_share,
        clause
    from {{ ref('int_payments__draw_curve') }}
),

final as (
    select
        contract_id,
        reading_id,
        basis_dkk,
        payment_dkk,
        marginal_share,
        clause
    from curve
)

select * from final
