-- grain: one row per contract, closed unapproved period and kind (statistics_missing)
-- counts: published figures that the baseline or evaluation of a part lacks, in the period that
--     books the part, a month of both once; no amount can be given
-- rules: S.blockers, R4.complete
-- left out: what the figures are
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
        area
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
        booking_month
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

statistic_spans as (
    select
        contract_id,
        part_id,
        baseline_first_month as first_month,
        baseline_last_month as last_month,
        booking_month
    from parts
    where kind = 'fte_reduction'
    union all
    select
        contract_id,
        part_id,
        evaluation_first_month as first_month,
        evaluation_last_month as last_month,
        booking_month
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

final as (
    select
        months.contract_id,
        months.period_start,
        'statistics_missing' as kind,
        count(
            distinct row(statistic_months.part_id, fte_groups.benefit_group, statistic_months.month)
        ) as item_count,
        0::decimal(18, 2) as amount_dkk
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
)

select * from final
