-- grain: one row per contract, closed unapproved period and kind (register_not_observed,
--     person_status_missing)
-- counts: months of the period in which the register decides and is not observed, or person status
--     is not known; the kroner at stake are those of eligible courses (rate of each month)
-- rules: S.blockers
-- left out: months outside the term and the follow-up, where the register decides nothing
with

months as (
    select
        contract_id,
        month,
        period_start
    from {{ ref('int_periods__spread_months') }}
    where is_closed and not is_approved
),

contracts as (
    select
        contract_id,
        starts_on,
        ends_on
    from {{ ref('stg_contracts__contracts') }}
),

parts as (
    select
        contract_id,
        kind,
        last_follow_up_on
    from {{ ref('stg_contracts__parts') }}
),

observed_months as (
    select
        contract_id,
        month,
        is_register_observed,
        is_person_status_known
    from {{ ref('int_months__observe') }}
),

-- `reason` is the status of an eligible course's month only
person_months as (
    select
        contract_id,
        month,
        rate_dkk
    from {{ ref('int_person_months__price') }}
    where reason = 'not_observed'
),

kroner_at_stake as (
    select
        contract_id,
        month,
        sum(rate_dkk) as unobserved_dkk
    from person_months
    group by all
),

register_spans as (
    select
        contracts.contract_id,
        {{ month_of('any_value(contracts.starts_on)') }} as first_month,
        greatest(any_value(contracts.ends_on), max(parts.last_follow_up_on)) as last_day
    from contracts
    inner join parts on contracts.contract_id = parts.contract_id
    where parts.kind in ('person_months', 'relapse_reduction')
    group by contracts.contract_id
),

register_months as (
    select
        months.contract_id,
        months.period_start,
        months.month,
        observed_months.is_register_observed,
        observed_months.is_person_status_known,
        coalesce(kroner_at_stake.unobserved_dkk, 0) as unobserved_dkk
    from months
    inner join register_spans
        on
            months.contract_id = register_spans.contract_id
            and months.month between register_spans.first_month and register_spans.last_day
    inner join observed_months
        on
            months.contract_id = observed_months.contract_id
            and months.month = observed_months.month
    left join kroner_at_stake
        on
            months.contract_id = kroner_at_stake.contract_id
            and months.month = kroner_at_stake.month
),

unobserved_registers as (
    select
        contract_id,
        period_start,
        'register_not_observed' as kind,
        count(*) as item_count,
        sum(unobserved_dkk)::decimal(18, 2) as amount_dkk
    from register_months
    where not is_register_observed
    group by all
),

missing_person_status as (
    select
        contract_id,
        period_start,
        'person_status_missing' as kind,
        count(*) as item_count,
        sum(unobserved_dkk)::decimal(18, 2) as amount_dkk
    from register_months
    where not is_person_status_known
    group by all
),

final as (
    select * from unobserved_registers
    union all by name
    select * from missing_person_status
)

select * from final
