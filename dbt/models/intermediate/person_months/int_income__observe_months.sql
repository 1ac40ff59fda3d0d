-- grain: one row per month that eindkomst observes
-- counts: months all of whose days lie in the window of a known delivery
-- rules: R3.no_income
-- left out: hours (int_income__sum_ordinary_hours)
with

runs as (
    select
        starts_on,
        ends_before
    from {{ ref('int_registers__find_observed_runs') }}
    where source = 'eindkomst'
),

list_months as (
    select
        starts_on,
        ends_before,
        unnest(
            generate_series(
                {{ month_of('starts_on') }},
                {{ month_of('ends_before - 1') }},
                interval 1 month
            )
        )::date as month
    from runs
),

final as (
    select month
    from list_months
    where
        starts_on <= month
        and ends_before >= {{ month_end('month') }}
)

select * from final
