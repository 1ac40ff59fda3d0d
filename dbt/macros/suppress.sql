{# Small numbers in the payout mart (M.suppression). Restricted tables never use these.

   How to call them, in the two last thoughts of a mart model:

       flagged as (
           select
               *,
               {{ suppress_flag('at_risk', ['contract_id', 'part_id'], 'months_since_entry') }} as is_suppressed,
           from counted
       ),

       final as (
           select
               contract_id, part_id, months_since_entry,
               {{ suppress_measure('at_risk', ['at_risk']) }} as at_risk,
               {{ suppress_measure('returned', ['returned']) }} as returned,
               {{ suppress_measure('still_out_share', ['at_risk', 'returned']) }} as still_out_share,
               is_suppressed
           from flagged
       )

   suppress_flag: the persons behind a row in its widest count, the key columns but the last, the last.
   suppress_measure: a measure, and the person counts that it is or is computed from (may be left out
   for a measure that rests on the widest count alone). It reads the row's is_suppressed.
   Dates, statuses, targets and other constants of the contract are no measures: leave them alone. #}

{# Counts from 1 to this one are not shown; 0 is. #}
{% macro suppress_limit() -%}
    4
{%- endmacro %}

{# Is this count of persons too small to be shown? Null (nobody can be behind the row) is not. #}
{% macro suppress_is_small(persons) -%}
    (coalesce({{ persons }}, 0) between 1 and {{ suppress_limit() }})
{%- endmacro %}

{# Is the row suppressed: it is small itself, or it is the one with the next fewest persons (ties by
   the last key column) beside exactly one small row among those that differ only in that column. #}
{% macro suppress_flag(persons, keys_but_last, last_key) -%}
(
    {{ suppress_is_small(persons) }}
    or (
        coalesce({{ persons }}, 0) > {{ suppress_limit() }}
        and count(*) filter (where {{ suppress_is_small(persons) }}) over (
            partition by {{ keys_but_last | join(', ') }}
        ) = 1
        and row_number() over (
            partition by
                {{ keys_but_last | join(', ') }},
                coalesce({{ persons }}, 0) > {{ suppress_limit() }}
            order by {{ persons }}, {{ last_key }}
        ) = 1
    )
)
{%- endmacro %}

{# A measure, or null where its row is suppressed or a count that it rests on is small. #}
{% macro suppress_measure(measure, counts=[]) -%}
case
    when is_suppressed
    {%- for persons in counts %} or {{ suppress_is_small(persons) }}{% endfor %} then null
    else {{ measure }}
end
{%- endmacro %}
