-- grain: one row per contract, closed unapproved period and kind of blocker
-- counts: what is missing before the period can be submitted, with the kroner of this period alone
--     that are at stake (eligible × rate for months that are not observed or pending, what of the
--     hold has come with the period, what the period would pay where it waits for an earlier one, 0
--     where no amount can be given). An open earlier period is no cause of its own
-- rules: S.blockers
-- decides: S.blockers
-- left out: approved periods; open periods (their time has not come)
with

periods as (
    select
        contract_id,
        period_no,
        period_start
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

person_months as (
    select
        contract_id,
        month,
        coalesce(rate_dkk, 0) as rate_dkk
    from {{ ref('int_person_months__price') }}
    where match = 'claimed_pending'
),

payments as (
    select
        contract_id,
        period_start,
        payment_dkk,
        held_cumulative_dkk
    from {{ ref('int_payments__settle_periods') }}
),

unobserved_months as (
    select
        contract_id,
        period_start,
        kind,
        item_count,
        amount_dkk
    from {{ ref('int_blockers__find_unobserved_months') }}
),

missing_statistics as (
    select
        contract_id,
        period_start,
        kind,
        item_count,
        amount_dkk
    from {{ ref('int_blockers__find_missing_statistics') }}
),

faulty_deliveries as (
    select
        contract_id,
        period_start,
        kind,
        item_count,
        amount_dkk
    from {{ ref('int_blockers__find_faulty_deliveries') }}
),

earlier_periods as (
    select
        periods.contract_id,
        periods.period_start,
        'earlier_period_open' as kind,
        count(*) as item_count,
        coalesce(any_value(payments.payment_dkk), 0) as amount_dkk
    from periods
    inner join unapproved
        on
            periods.contract_id = unapproved.contract_id
            and periods.period_no > unapproved.period_no
    left join payments
        on
            periods.contract_id = payments.contract_id
            and periods.period_start = payments.period_start
    group by all
),

holds as (
    select
        contract_id,
        period_start,
        held_cumulative_dkk,
        held_cumulative_dkk - coalesce(
            lag(held_cumulative_dkk) over (partition by contract_id order by period_start), 0
        ) as held_dkk
    from payments
),

held_amounts as (
    select
        holds.contract_id,
        holds.period_start,
        'amount_held' as kind,
        1 as item_count,
        greatest(holds.held_dkk, 0) as amount_dkk
    from holds
    inner join periods
        on
            holds.contract_id = periods.contract_id
            and holds.period_start = periods.period_start
    where holds.held_cumulative_dkk > 0
),

pending_claims as (
    select
        months.contract_id,
        months.period_start,
        'claims_pending' as kind,
        count(*) as item_count,
        sum(person_months.rate_dkk) as amount_dkk
    from person_months
    inner join months
        on
            person_months.contract_id = months.contract_id
            and person_months.month = months.month
    group by all
),

blockers as (
    select * from unobserved_months
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
        kind <> 'earlier_period_open' as is_root_cause,
        item_count::bigint as item_count,
        amount_dkk::decimal(18, 2) as amount_dkk
    from blockers
)

select * from final
