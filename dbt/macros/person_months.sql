{# Statuses of an effort month in the order in which they apply (R3.status), as a type: one
   byte a month instead of a text. #}
{% macro month_status() -%}
    enum('not_eligible', 'exited', 'not_observed', 'on_support', 'self_supporting')
{%- endmacro %}
