-- grain: one row per contract, closed unapproved period and kind of blocker
-- counts: what is missing before the period can be submitted, with the kroner at stake
--     (eligible × rate for months that are not observed or pending, 0 where none can be told)
-- clause: 40-settlement.md, Blockers
-- left out: approved periods; open periods (their time has not come)
with

periods as (
    select
        contract_id,
        period_no,
        period_start,
        period_end
    from {{ ref('int_periods__list') }}
    where is_closed and not is_approved
),

unapproved as (
    select
        contract_id,
        period_no,
        period_start
    from {{ ref('int_periods__list') }}
    where not is_approved
),

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
        area,
        register,
        starts_on,
        ends_on
    from {{ ref('stg_contracts__contracts') }}
),

parts as (
    select
        contract_id,
        part_id,
        kind,
        baseline_first_month,
        baseline_last_month,
        evaluation_first_month,
        evaluation_last_month,
        last_day(entries_last_month) + follow_up_days as last_follow_up_on
    from {{ ref('stg_contracts__parts') }}
),

fte_groups as (
    select
        contract_id,
        part_id,
        benefit_group
    from {{ ref('stg_contracts__fte_groups') }}
),

published as (
    select
        area,
        benefit_group,
        month
    from {{ ref('int_fte__choose_published') }}
    where fte is not null
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
        match,
        reason,
        coalesce(rate_dkk, 0) as rate_dkk
    from {{ ref('int_person_months__price') }}
    where
        (status = 'not_observed' or is_claimed)
        and (reason = 'not_observed' or match = 'claimed_pending')
),

payments as (
    select
        contract_id,
        period_start,
        payment_dkk,
        held_cumulative_dkk
    from {{ ref('int_payments__settle_periods') }}
),

faults as (
    select
        source,
        extracted_on,
        kind
    from {{ ref('int_deliveries__find_open_faults') }}
),

kroner_at_stake as (
    select
        contract_id,
        month,
        coalesce(sum(rate_dkk) filter (where reason = 'not_observed'), 0) as unobserved_dkk,
        count(*) filter (where match = 'claimed_pending') as pending_claims,
        coalesce(sum(rate_dkk) filter (where match = 'claimed_pending'), 0) as pending_dkk
    from person_months
    group by all
),

-- the days on which the register decides: whether a course earns, in the term; whether an entry has
-- lasted, to the last follow-up day
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
        sum(unobserved_dkk) as amount_dkk
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
        sum(unobserved_dkk) as amount_dkk
    from register_months
    where not is_person_status_known
    group by all
),

statistic_spans as (
    select
        contract_id,
        part_id,
        baseline_first_month as first_month,
        baseline_last_month as last_month,
        evaluation_last_month as booking_month
    from parts
    where kind = 'fte_reduction'
    union all
    select
        contract_id,
        part_id,
        evaluation_first_month as first_month,
        evaluation_last_month as last_month,
        evaluation_last_month as booking_month
    from parts
    where kind = 'fte_reduction'
),

statistic_months as (
    select
        contract_id,
        part_id,
        booking_month,
        unnest(generate_series(first_month, last_month, interval 1 month))::date as month
    from statistic_spans
),

missing_statistics as (
    select
        months.contract_id,
        months.period_start,
        'statistics_missing' as kind,
        count(*) as item_count,
        0 as amount_dkk
    from statistic_months
    inner join months
        on
            statistic_months.contract_id = months.contract_id
            and statistic_months.booking_month = months.month
    inner join contracts on statistic_months.contract_id = contracts.contract_id
    inner join fte_groups
        on
            statistic_months.contract_id = fte_groups.contract_id
            and statistic_months.part_id = fte_groups.part_id
    anti join published
        on
            contracts.area = published.area
            and fte_groups.benefit_group = published.benefit_group
            and statistic_months.month = published.month
    group by all
),

earlier_periods as (
    select
        periods.contract_id,
        periods.period_start,
        'earlier_period_open' as kind,
        count(*) as item_count,
        coalesce(sum(payments.payment_dkk), 0) as amount_dkk
    from periods
    inner join unapproved
        on
            periods.contract_id = unapproved.contract_id
            and periods.period_no > unapproved.period_no
    left join payments
        on
            unapproved.contract_id = payments.contract_id
            and unapproved.period_start = payments.period_start
    group by all
),

held_amounts as (
    select
        payments.contract_id,
        payments.period_start,
        'amount_held' as kind,
        1 as item_count,
        payments.held_cumulative_dkk as amount_dkk
    from payments
    inner join periods
        on
            payments.contract_id = periods.contract_id
            and payments.period_start = periods.period_start
    where payments.held_cumulative_dkk > 0
),

needed_sources as (
    select
        parts.contract_id,
        contracts.register as source
    from parts
    inner join contracts on parts.contract_id = contracts.contract_id
    where parts.kind in ('person_months', 'relapse_reduction')
    union
    select
        parts.contract_id,
        needs.source
    from parts
    inner join (
        values
        ('person_months', 'personstatus'),
        ('person_months', 'deltagere'),
        ('person_months', 'resultatkrav'),
        ('fte_reduction', 'jobindsats'),
        ('relapse_reduction', 'eindkomst'),
        ('relapse_reduction', 'personstatus')
    ) as needs (kind, source)
        on parts.kind = needs.kind
),

faulty_deliveries as (
    select
        periods.contract_id,
        periods.period_start,
        faults.kind,
        count(*) as item_count,
        0 as amount_dkk
    from periods
    inner join needed_sources on periods.contract_id = needed_sources.contract_id
    inner join faults
        on
            needed_sources.source = faults.source
            and periods.period_start <= faults.extracted_on
    group by all
),

pending_claims as (
    select
        months.contract_id,
        months.period_start,
        'claims_pending' as kind,
        sum(kroner_at_stake.pending_claims) as item_count,
        sum(kroner_at_stake.pending_dkk) as amount_dkk
    from kroner_at_stake
    inner join months
        on
            kroner_at_stake.contract_id = months.contract_id
            and kroner_at_stake.month = months.month
    where kroner_at_stake.pending_claims > 0
    group by all
),

blockers as (
    select * from unobserved_registers
    union all by name
    select * from missing_person_status
    union all by name
    select * from missing_statistics
    union all by name
    select * from earlier_periods
    union all by name
    select * from held_amounts
    union all by name
    select * from faulty_deliveries
    union all by name
    select * from pending_claims
),

final as (
    select
        contract_id,
        period_start,
        kind,
        item_count::bigint as item_count,
        amount_dkk::decimal(18, 2) as amount_dkk
    from blockers
)

select * from final
