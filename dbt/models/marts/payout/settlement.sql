-- grain: one row per contract with payment and settlement period
-- counts: figures of closed periods, state, and the hash of the figures; an open period has its
--   dates only
-- rules: S.closed
-- left out: suppression (a contract's own totals are always shown)
with

periods as (
    select
        contract_id,
        period_start,
        period_end,
        period_label,
        is_closed
    from {{ ref('int_periods__list') }}
),

states as (
    select
        contract_id,
        period_start,
        state,
        is_superseded,
        statement_sha256
    from {{ ref('stg_ledger__statements') }}
),

payments as (
    select
        contract_id,
        period_start,
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
        overlap_dkk
    from {{ ref('int_payments__settle_periods') }}
),

final as (
    select
        periods.contract_id,
        periods.period_start,
        periods.period_end,
        periods.period_label,
        periods.is_closed,
        states.state,
        states.is_superseded,
        payments.basis_dkk,
        payments.basis_cumulative_dkk,
        payments.entitlement_cumulative_dkk,
        payments.payment_cumulative_dkk,
        payments.payment_dkk,
        payments.held_cumulative_dkk,
        payments.carried_forward_dkk,
        payments.repayable_dkk,
        payments.municipality_share_cumulative_dkk,
        payments.headroom_to_next_tier_dkk,
        payments.headroom_to_ceiling_dkk,
        payments.overlap_dkk,
        states.statement_sha256
    from periods
    inner join states
        on
            periods.contract_id = states.contract_id
            and periods.period_start = states.period_start
    left join payments
        on
            periods.contract_id = payments.contract_id
            and periods.period_start = payments.period_start
)

select * from final
