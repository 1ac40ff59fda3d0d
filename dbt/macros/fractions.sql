{# num / den exactly, rounded once, half away from zero, to so many decimals; den > 0. #}
{% macro fraction(num, den, places) -%}
    ({{ div_round('(' ~ num ~ ')::hugeint * ' ~ (10 ** places), den) }}::decimal(31, 0)
    * {{ '0.' ~ '0' * (places - 1) ~ '1' }}::decimal({{ places + 1 }}, {{ places }}))
{%- endmacro %}

{# Parts of a whole share: shares have six decimals. #}
{% macro share_parts() -%}
    1000000
{%- endmacro %}

{# A share DECIMAL(9,6) as whole millionths. #}
{% macro to_share_parts(share) -%}
    (({{ share }})::decimal(36, 6) * {{ share_parts() }})::hugeint
{%- endmacro %}

{# Whole millionths as a share DECIMAL(9,6). #}
{% macro to_share(parts) -%}
    (({{ parts }})::decimal(32, 0) * 0.000001::decimal(6, 6))::decimal(9, 6)
{%- endmacro %}

{# Days of a week. #}
{% macro days_per_week() -%}
    7
{%- endmacro %}
