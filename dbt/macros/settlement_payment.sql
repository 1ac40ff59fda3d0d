{# From basis to payment (S.tiers). Whole øre in, whole øre out, rounded once.
   `reading` is a row of int_readings__arrange_tiers. DuckDB's least leaves nulls out: a ceiling that
   is null binds nothing. A column named as the lambda's parameter would silently take its place:
   no model has a column each_tier.
   Decides: S.tiers. #}

{# B': the basis that a reading counts, never below zero and never above its basis ceiling. #}
{% macro settlement_counted_oere(basis_oere, reading) -%}
    least(greatest({{ basis_oere }}, 0::hugeint), {{ reading }}.basis_ceiling_oere)
{%- endmacro %}

{# W: the shares of a counted basis, tier by tier, under the payment ceiling. The ceiling is whole
   øre, so that rounding before it is rounding after it. #}
{% macro settlement_payment_oere(counted_oere, reading) -%}
    {%- set width = "least(" ~ counted_oere ~ ", each_tier.below_oere) - each_tier.above_oere" -%}
    {%- set shared = "list_sum(list_transform(" ~ reading ~ ".tiers, "
        ~ "lambda each_tier: each_tier.share_parts * greatest(" ~ width ~ ", 0::hugeint)))" -%}
    least(
        {{ div_round(shared, share_parts()) }},
        {{ reading }}.payment_ceiling_oere
    )
{%- endmacro %}
