{# Calendar months, written by their first day; intervals are half-open. Rule: R0.months. #}

{# First day of the month of a day. #}
{% macro month_of(day) -%}
    date_trunc('month', {{ day }})::date
{%- endmacro %}

{# First day of the next month: the end of a month, half-open. #}
{% macro month_end(day) -%}
    (last_day({{ day }}) + 1)
{%- endmacro %}

{# Danish name of the month of a day. #}
{% macro danish_month(day) -%}
    ([
        'januar', 'februar', 'marts', 'april', 'maj', 'juni', 'juli', 'august', 'september',
        'oktober', 'november', 'december'
    ])[month({{ day }})]
{%- endmacro %}

{# First day of the month so many months later. #}
{% macro add_months(month, number) -%}
    ({{ month }} + to_months({{ number }}::integer))::date
{%- endmacro %}
