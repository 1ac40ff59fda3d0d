-- grain: one row per contract with payment, scenario and period
-- counts: basis, entitlement under the chosen reading, and payment up to the authorised maximum and
--     what has been released so far; an approved period has its frozen figures in every scenario
-- rules: S.forecast, S.tiers, S.authorised
-- decides: S.forecast
-- left out: what is carried forward or repaid, which the payments to come decide
with

periods as (
    select
        contract_id,
        scenario,
        period_no,
        period_start,
        basis_dkk,
        basis_cumulative_dkk,
        {{ to_oere('basis_cumulative_dkk') }} as basis_oere
    from {{ ref('int_forecast__sum_periods') }}
),

listed as (
    select
        contract_id,
        period_no,
        period_start
    from {{ ref('int_periods__list') }}
    where is_approved
),

frozen as (
    select
        contract_id,
        period_start,
        basis_dkk,
        basis_cumulative_dkk,
        entitlement_cumulative_dkk,
        payment_cumulative_dkk
    from {{ ref('stg_ledger__frozen_settlements') }}
),

readings as (
    select
        contract_id,
        payment_ceiling_oere,
        basis_ceiling_oere,
        tiers
    from {{ ref('int_readings__arrange_tiers') }}
    where is_chosen
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
        amount_dkk
    from {{ ref('stg_ledger__releases') }}
),

released as (
    select
        contract_id,
        sum(amount_dkk) as released_dkk
    from releases
    group by contract_id
),

counted as (
    select
        periods.*,
        readings.payment_ceiling_oere,
        readings.tiers,
        {{ settlement_counted_oere('periods.basis_oere', 'readings') }} as counted_oere
    from periods
    inner join readings on periods.contract_id = readings.contract_id
),

entitled as (
    select
        counted.contract_id,
        counted.scenario,
        counted.period_no,
        counted.period_start,
        counted.basis_dkk,
        counted.basis_cumulative_dkk,
        {{ to_kroner(settlement_payment_oere('counted_oere', 'counted')) }}
            as entitlement_cumulative_dkk
    from counted
),

allowed as (
    select
        entitled.*,
        case
            when contracts.authorised_max_dkk is null then entitled.entitlement_cumulative_dkk
            else least(
                    entitled.entitlement_cumulative_dkk,
                    contracts.authorised_max_dkk + coalesce(released.released_dkk, 0)
                )
        end as payment_cumulative_dkk
    from entitled
    inner join contracts on entitled.contract_id = contracts.contract_id
    left join released on entitled.contract_id = released.contract_id
),

approved as (
    select
        listed.contract_id,
        unnest(['earned', 'unchanged', 'historical', 'all']) as scenario,
        listed.period_no,
        listed.period_start,
        frozen.basis_dkk,
        frozen.basis_cumulative_dkk,
        frozen.entitlement_cumulative_dkk,
        frozen.payment_cumulative_dkk
    from listed
    inner join frozen
        on
            listed.contract_id = frozen.contract_id
            and listed.period_start = frozen.period_start
),

gathered as (
    select
        *,
        false as is_approved
    from allowed
    union all by name
    select
        *,
        true as is_approved
    from approved
),

final as (
    select
        contract_id,
        scenario,
        period_no,
        period_start,
        is_approved,
        basis_dkk::decimal(18, 2) as basis_dkk,
        basis_cumulative_dkk::decimal(18, 2) as basis_cumulative_dkk,
        entitlement_cumulative_dkk::decimal(18, 2) as entitlement_cumulative_dkk,
        payment_cumulative_dkk::decimal(18, 2) as payment_cumulative_dkk
    from gathered
)

select * from final
