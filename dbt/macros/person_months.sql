{# Statuses of an effort month in the order in which they apply (30-rules.md §3), as a type: one
   byte a month instead of a text. #}
{% macro month_status() -%}
    enum('not_eligible', 'exited', 'not_observed', 'on_support', 'self_supporting')
{%- endmacro %}
