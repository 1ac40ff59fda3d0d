{# num / den exactly, rounded once, half away from zero, to so many decimals; den > 0. #}
{% macro fraction(num, den, places) -%}
    ({{ div_round('(' ~ num ~ ')::hugeint * ' ~ (10 ** places), den) }}::decimal(31, 0)
    * {{ '0.' ~ '0' * (places - 1) ~ '1' }}::decimal({{ places + 1 }}, {{ places }}))
{%- endmacro %}

{# A share DECIMAL(9,6) as whole millionths. #}
{% macro to_millionths(share) -%}
    (({{ share }})::decimal(36, 6) * 1000000)::hugeint
{%- endmacro %}

{# Days of a week. #}
{% macro days_per_week() -%}
    7
{%- endmacro %}
