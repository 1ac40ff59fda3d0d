{# Does a case end with a spell: do more days than a case may be interrupted lie between its end and
   the start of the next one, or is there no other (R2, case)? #}
{% macro is_interrupted(ends_before, next_starts_on, max_gap_days) -%}
    coalesce({{ next_starts_on }} - {{ ends_before }} > {{ max_gap_days }}, true)
{%- endmacro %}
