{# Months that the share of a price group weighs as, beside the observed months of one number
   (S.share): how soon a number's own months speak for themselves (docs/adr/0050). #}
{% macro share_weight() -%}
    5
{%- endmacro %}
