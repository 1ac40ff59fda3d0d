-- grain: one row per calendar month
-- counts: every month from the first to the last that a table of the mart names or a term or a
--   settlement period touches
-- rules: M.calendar
-- decides: M.calendar
-- left out: days that are no months (of deliveries, rates and events); months of restricted tables
with

contracts as (
    select
        starts_on,
        ends_on
    from {{ ref('stg_contracts__contracts') }}
),

parts as (
    select
        baseline_first_month,
        baseline_last_month,
        evaluation_first_month,
        evaluation_last_month
    from {{ ref('stg_contracts__parts') }}
    where kind = 'fte_reduction'
),

periods as (
    select
        period_start,
        period_end
    from {{ ref('stg_contracts__periods') }}
),

home_months as (
    select month
    from {{ ref('int_fte__compare_home_months') }}
),

spans as (
    select
        starts_on as first_day,
        ends_on as last_day
    from contracts
    union all
    select
        least(baseline_first_month, evaluation_first_month) as first_day,
        greatest(baseline_last_month, evaluation_last_month) as last_day
    from parts
    union all
    select
        period_start as first_day,
        period_end as last_day
    from periods
    union all
    select
        min(month) as first_day,
        max(month) as last_day
    from home_months
),

bounds as (
    select
        {{ month_of('min(first_day)') }} as first_month,
        {{ month_of('max(last_day)') }} as last_month
    from spans
),

final as (
    select unnest(generate_series(first_month, last_month, interval 1 month))::date as month
    from bounds
)

select * from final
