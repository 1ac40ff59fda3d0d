-- grain: one row per contract with payment, scenario and threshold
-- counts: the kroner of the threshold and the first period, approved ones included, in which the
--     scenario reaches it: the basis cumulated for tiers and basis ceiling, the entitlement for
--     authorised maximum and payment ceiling; null where it never does
-- rules: S.outlook
-- decides: S.outlook
-- left out: the first tier, which begins at 0, and what a contract does not have
with

periods as (
    select
        contract_id,
        scenario,
        period_start,
        basis_cumulative_dkk,
        entitlement_cumulative_dkk
    from {{ ref('int_forecast__settle_periods') }}
),

tiers as (
    select
        contract_id,
        'tier_' || tier_no as threshold,
        above_dkk as amount_dkk,
        true as is_of_basis
    from {{ ref('stg_contracts__tiers') }}
    where above_dkk > 0
),

contracts as (
    select
        contract_id,
        authorised_max_dkk
    from {{ ref('stg_contracts__contracts') }}
    where authorised_max_dkk is not null
),

releases as (
    select
        contract_id,
        amount_dkk
    from {{ ref('stg_ledger__releases') }}
),

readings as (
    select
        contract_id,
        payment_ceiling_dkk,
        basis_ceiling_dkk
    from {{ ref('stg_contracts__readings') }}
    where is_chosen
),

authorised as (
    select
        contracts.contract_id,
        'authorised_max' as threshold,
        any_value(contracts.authorised_max_dkk) + coalesce(sum(releases.amount_dkk), 0)
            as amount_dkk,
        false as is_of_basis
    from contracts
    left join releases on contracts.contract_id = releases.contract_id
    group by contracts.contract_id
),

thresholds as (
    select * from tiers
    union all
    select * from authorised
    union all
    select
        contract_id,
        'payment_ceiling' as threshold,
        payment_ceiling_dkk as amount_dkk,
        false as is_of_basis
    from readings
    where payment_ceiling_dkk is not null
    union all
    select
        contract_id,
        'basis_ceiling' as threshold,
        basis_ceiling_dkk as amount_dkk,
        true as is_of_basis
    from readings
    where basis_ceiling_dkk is not null
),

final as (
    select
        periods.contract_id,
        periods.scenario,
        thresholds.threshold,
        thresholds.amount_dkk::decimal(18, 2) as amount_dkk,
        min(periods.period_start) filter (
            where case
                when thresholds.is_of_basis then periods.basis_cumulative_dkk
                else periods.entitlement_cumulative_dkk
            end >= thresholds.amount_dkk
        ) as period_start
    from periods
    inner join thresholds on periods.contract_id = thresholds.contract_id
    group by
        periods.contract_id,
        periods.scenario,
        thresholds.threshold,
        thresholds.amount_dkk
)

select * from final
