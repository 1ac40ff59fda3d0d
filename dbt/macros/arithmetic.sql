{# Exact arithmetic: whole numbers in, whole numbers out, rounded once. Rule: R0.exact. #}

{# num / den rounded half away from zero, both whole and den > 0, as HUGEINT; null where den is 0 or
   null. Add half the divisor to the size of the number, divide whole, put the sign back. #}
{% macro div_round(num, den) -%}
    (
        sign(({{ num }})::hugeint)::hugeint
        * (
            (2 * abs(({{ num }})::hugeint) + ({{ den }})::hugeint)
            // nullif(2 * ({{ den }})::hugeint, 0)
        )
    )
{%- endmacro %}

{# Kroner DECIMAL(18,2) as whole øre. #}
{% macro to_oere(kroner) -%}
    (({{ kroner }})::decimal(38, 2) * 100)::hugeint
{%- endmacro %}

{# Whole øre as kroner DECIMAL(18,2). #}
{% macro to_kroner(oere) -%}
    (({{ oere }})::decimal(36, 0) * 0.01::decimal(2, 2))::decimal(18, 2)
{%- endmacro %}

{# Parts of a full-time person: shares and published figures have four decimals. #}
{% macro fte_parts() -%}
    10000
{%- endmacro %}

{# Full-time persons DECIMAL(18,4) as whole ten-thousandths. #}
{% macro to_fte_parts(fte) -%}
    (({{ fte }})::decimal(34, 4) * {{ fte_parts() }})::hugeint
{%- endmacro %}

{# Whole ten-thousandths as full-time persons DECIMAL(18,4). #}
{% macro to_fte(parts) -%}
    (({{ parts }})::decimal(34, 0) * 0.0001::decimal(4, 4))::decimal(18, 4)
{%- endmacro %}
