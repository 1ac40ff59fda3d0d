{# Settlement periods (40-settlement.md, Periods): alignment and labels, nothing of the contract. #}

{# First month of the period that contains a day. #}
{% macro settlement_period_start(day, months_per_period, anchor_month) -%}
{{ add_months(
    month_of(day), "-((month(" ~ day ~ ") - " ~ anchor_month ~ " + 12) % " ~ months_per_period ~ ")"
) }}
{%- endmacro %}

{# 2023-01, 2023-K1, 2023-H1, 2023; the first day where the period is no quarter, half or whole year
   of the calendar (docs/adr/0005-period-labels.md). #}
{% macro settlement_period_label(period_start, months_per_period, anchor_month) -%}
case
    when {{ months_per_period }} = 1 then strftime({{ period_start }}, '%Y-%m')
    when ({{ anchor_month }} - 1) % {{ months_per_period }} <> 0
        then strftime({{ period_start }}, '%Y-%m-%d')
    when {{ months_per_period }} = 3
        then year({{ period_start }}) || '-K' || quarter({{ period_start }})
    when {{ months_per_period }} = 6
        then year({{ period_start }}) || '-H' || (quarter({{ period_start }}) + 1) // 2
    else strftime({{ period_start }}, '%Y')
end
{%- endmacro %}
