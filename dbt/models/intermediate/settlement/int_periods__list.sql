-- grain: one row per contract with payment and settlement period
-- counts: periods of months_per_period months aligned to anchor_month, from the one that contains
--     the term's first day to the one that contains the later of the term's last day and the
--     booking months of the other parts; then slutafregning to final_on
-- clause: 40-settlement.md, Periods
-- left out: contracts that are tracked only
with

contracts as (
    select
        contract_id,
        starts_on,
        ends_on,
        months_per_period,
        anchor_month,
        final_on
    from {{ ref('stg_contracts__contracts') }}
    where has_payment
),

parts as (
    select
        contract_id,
        kind,
        evaluation_last_month,
        entries_last_month,
        follow_up_days
    from {{ ref('stg_contracts__parts') }}
),

run_context as (
    select as_of_date from {{ ref('stg_run__context') }}
),

approved as (
    select
        contract_id,
        period_start
    from {{ ref('stg_ledger__frozen_settlements') }}
),

booking_months as (
    select
        contract_id,
        evaluation_last_month as month
    from parts
    where kind = 'fte_reduction'
    union all
    select
        contract_id,
        {{ month_of('(last_day(entries_last_month) + follow_up_days)') }} as month
    from parts
    where kind = 'relapse_reduction'
),

last_months as (
    select
        contracts.contract_id,
        greatest(
            {{ month_of('any_value(contracts.ends_on)') }},
            coalesce(max(booking_months.month), {{ month_of('any_value(contracts.ends_on)') }})
        ) as month
    from contracts
    left join booking_months on contracts.contract_id = booking_months.contract_id
    group by contracts.contract_id
),

spans as (
    select
        contracts.contract_id,
        contracts.months_per_period,
        contracts.anchor_month,
        contracts.final_on,
        {{ settlement_period_start(
            'contracts.starts_on', 'contracts.months_per_period', 'contracts.anchor_month'
        ) }} as first_start,
        {{ settlement_period_start(
            'last_months.month', 'contracts.months_per_period', 'contracts.anchor_month'
        ) }} as last_start
    from contracts
    inner join last_months on contracts.contract_id = last_months.contract_id
),

regular as (
    select
        contract_id,
        months_per_period,
        anchor_month,
        false as is_final,
        unnest(
            generate_series(first_start, last_start, to_months(months_per_period))
        )::date as period_start
    from spans
),

regular_ends as (
    select
        contract_id,
        period_start,
        {{ add_months('period_start', 'months_per_period') }} - 1 as period_end,
        {{ settlement_period_label('period_start', 'months_per_period', 'anchor_month') }}
            as period_label,
        is_final
    from regular
),

finals as (
    select
        contract_id,
        {{ add_months('last_start', 'months_per_period') }} as period_start,
        final_on as period_end,
        'slutafregning' as period_label,
        true as is_final
    from spans
    where final_on >= {{ add_months('last_start', 'months_per_period') }}
),

periods as (
    select * from regular_ends
    union all by name
    select * from finals
),

numbered as (
    select
        periods.*,
        row_number() over (
            partition by periods.contract_id order by periods.period_start
        )::integer as period_no,
        row_number() over (
            partition by periods.contract_id order by periods.period_start desc
        ) = 1 as is_last,
        periods.period_end < run_context.as_of_date as is_closed,
        approved.period_start is not null as is_approved
    from periods
    cross join run_context
    left join approved
        on
            periods.contract_id = approved.contract_id
            and periods.period_start = approved.period_start
),

final as (
    select
        contract_id,
        period_no,
        period_start,
        period_end,
        period_label,
        is_final,
        is_closed,
        is_approved,
        is_last,
        not is_approved
        and count(*) filter (where not is_approved) over (
            partition by contract_id order by period_no
        ) = 1 as is_next
    from numbered
)

select * from final
