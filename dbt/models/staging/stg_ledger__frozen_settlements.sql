-- grain: one row per approved contract and period
-- counts: the frozen figures of a period
-- rules: S.frozen
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'frozen_settlement') }}
),

final as (
    select
        contract_id,
        period_start,
        period_end,
        period_label,
        basis_dkk,
        basis_cumulative_dkk,
        entitlement_cumulative_dkk,
        payment_cumulative_dkk,
        payment_dkk,
        held_cumulative_dkk,
        carried_forward_dkk,
        repayable_dkk,
        municipality_share_cumulative_dkk,
        headroom_to_next_tier_dkk,
        headroom_to_ceiling_dkk,
        overlap_dkk,
        statement_sha256
    from source
)

select * from final
