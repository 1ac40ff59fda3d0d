{# Last day on which a relapse part follows an entry: so many days after the last day of its last
   entry month (30-rules.md §5). #}
{% macro last_follow_up_day(entries_last_month, follow_up_days) -%}
    (last_day({{ entries_last_month }}) + {{ follow_up_days }})
{%- endmacro %}
