-- grain: one row per contract and closed period
-- counts: entitlement under the chosen reading, payment up to the authorised maximum and what has
--     been released, what is held, and what is paid as one running maximum
-- rules: S.authorised, S.paid_through, S.conservation
-- decides: S.authorised
-- left out: nothing; an approved period keeps its frozen figures
with

periods as (
    select
        contract_id,
        period_no,
        period_start,
        is_approved,
        is_last
    from {{ ref('int_periods__list') }}
    where is_closed
),

contracts as (
    select
        contract_id,
        authorised_max_dkk
    from {{ ref('stg_contracts__contracts') }}
),

releases as (
    select
        contract_id,
        from_period_start,
        amount_dkk
    from {{ ref('stg_ledger__releases') }}
),

frozen as (
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
    from {{ ref('stg_ledger__frozen_settlements') }}
),

basis as (
    select
        contract_id,
        period_start,
        basis_dkk,
        basis_cumulative_dkk,
        overlap_dkk
    from {{ ref('int_basis__sum_periods') }}
),

chosen as (
    select
        contract_id,
        period_start,
        entitlement_cumulative_dkk,
        headroom_to_next_tier_dkk,
        headroom_to_ceiling_dkk
    from {{ ref('int_payments__apply_readings') }}
    where is_chosen
),

authorised as (
    select
        periods.contract_id,
        periods.period_start,
        any_value(contracts.authorised_max_dkk) + coalesce(sum(releases.amount_dkk), 0)
            as authorised_dkk
    from periods
    inner join contracts on periods.contract_id = contracts.contract_id
    left join releases
        on
            periods.contract_id = releases.contract_id
            and periods.period_start >= releases.from_period_start
    group by periods.contract_id, periods.period_start
),

allowed as (
    select
        periods.contract_id,
        periods.period_no,
        periods.period_start,
        periods.is_approved,
        periods.is_last,
        basis.basis_dkk,
        basis.basis_cumulative_dkk,
        basis.overlap_dkk,
        chosen.entitlement_cumulative_dkk,
        chosen.headroom_to_next_tier_dkk,
        chosen.headroom_to_ceiling_dkk,
        case
            when authorised.authorised_dkk is null then chosen.entitlement_cumulative_dkk
            else least(chosen.entitlement_cumulative_dkk, authorised.authorised_dkk)
        end as payment_cumulative_dkk
    from periods
    inner join basis
        on periods.contract_id = basis.contract_id and periods.period_start = basis.period_start
    inner join chosen
        on periods.contract_id = chosen.contract_id and periods.period_start = chosen.period_start
    inner join authorised
        on
            periods.contract_id = authorised.contract_id
            and periods.period_start = authorised.period_start
),

-- what the approved periods have paid never comes back; the open ones can only add to it
paid_through as (
    select
        allowed.*,
        greatest(
            coalesce(sum(frozen.payment_dkk) over up_to_here, 0),
            coalesce(
                max(allowed.payment_cumulative_dkk)
                filter (where not allowed.is_approved) over up_to_here,
                0
            )
        ) as paid_through_dkk
    from allowed
    left join frozen
        on
            allowed.is_approved
            and allowed.contract_id = frozen.contract_id
            and allowed.period_start = frozen.period_start
    window up_to_here as (partition by allowed.contract_id order by allowed.period_no)
),

paid as (
    select
        *,
        paid_through_dkk - coalesce(
            lag(paid_through_dkk) over (partition by contract_id order by period_no), 0
        ) as payment_dkk
    from paid_through
),

drafted as (
    select
        contract_id,
        period_start,
        basis_dkk::decimal(18, 2) as basis_dkk,
        basis_cumulative_dkk::decimal(18, 2) as basis_cumulative_dkk,
        entitlement_cumulative_dkk::decimal(18, 2) as entitlement_cumulative_dkk,
        payment_cumulative_dkk::decimal(18, 2) as payment_cumulative_dkk,
        payment_dkk::decimal(18, 2) as payment_dkk,
        (entitlement_cumulative_dkk - payment_cumulative_dkk)::decimal(18, 2)
            as held_cumulative_dkk,
        (paid_through_dkk - payment_cumulative_dkk)::decimal(18, 2) as carried_forward_dkk,
        case
            when is_last then greatest(paid_through_dkk - entitlement_cumulative_dkk, 0)
            else 0
        end::decimal(18, 2) as repayable_dkk,
        (basis_cumulative_dkk - payment_cumulative_dkk)::decimal(18, 2)
            as municipality_share_cumulative_dkk,
        headroom_to_next_tier_dkk::decimal(18, 2) as headroom_to_next_tier_dkk,
        headroom_to_ceiling_dkk::decimal(18, 2) as headroom_to_ceiling_dkk,
        overlap_dkk::decimal(18, 2) as overlap_dkk
    from paid
    where not is_approved
),

approved as (
    select frozen.*
    from frozen
    inner join periods
        on
            periods.is_approved
            and frozen.contract_id = periods.contract_id
            and frozen.period_start = periods.period_start
),

final as (
    select * from drafted
    union all by name
    select * from approved
)

select * from final
