-- grain: one row per calendar month
-- counts: names and bounds of the month, from the first to the last that a table of the mart has a
--   row for
-- rules: M.calendar
-- left out: months of the restricted tables alone
with

months as (
    select month
    from {{ ref('int_calendar__list_months') }}
),

final as (
    select
        month,
        year(month) as year,
        strftime(month, '%Y') || '-K' || quarter(month) as quarter_label,
        strftime(month, '%Y') || '-H' || (quarter(month) + 1) // 2 as half_year_label,
        {{ danish_month('month') }} || strftime(month, ' %Y') as label_da,
        month as first_day,
        last_day(month) as last_day,
        day(last_day(month)) as days  -- noqa: RF04
    from months
)

select * from final
