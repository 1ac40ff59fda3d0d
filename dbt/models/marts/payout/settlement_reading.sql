-- grain: one row per contract, closed period and reading
-- counts: what each reading of the contract's ceilings entitles to, beside the chosen one
-- rules: S.readings
-- left out: the authorised maximum; approved periods are published from the ledger
with

periods as (
    select
        contract_id,
        period_start,
        is_approved
    from {{ ref('int_periods__list') }}
    where is_closed
),

readings as (
    select
        contract_id,
        period_start,
        reading_id,
        is_chosen,
        entitlement_cumulative_dkk,
        difference_to_chosen_dkk
    from {{ ref('int_payments__apply_readings') }}
),

frozen as (
    select
        contract_id,
        period_start,
        reading_id,
        is_chosen,
        entitlement_cumulative_dkk,
        difference_to_chosen_dkk
    from {{ ref('stg_ledger__frozen_readings') }}
),

drafted as (
    select readings.*
    from readings
    inner join periods
        on
            readings.contract_id = periods.contract_id
            and readings.period_start = periods.period_start
            and not periods.is_approved
),

approved as (
    select frozen.*
    from frozen
    inner join periods
        on
            frozen.contract_id = periods.contract_id
            and frozen.period_start = periods.period_start
            and periods.is_approved
),

final as (
    select * from drafted
    union all by name
    select * from approved
)

select * from final
