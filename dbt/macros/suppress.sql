{# Small numbers in the payout mart. Restricted tables never use these.

   What a table hides is declared once, under `suppression` in the meta of its yml, and read from
   there by the two macros below, by gate 50 and by the data dictionary:

       persons: column of the model with the persons behind the row (its widest count)
       measures: columns that are null where the row is hidden
       together: counts of persons that can be subtracted from one another, and what is computed
         from them; a count need not be published
       adds_up_to: column of the model with the total that is shown elsewhere of the rows that
         differ in the last key column only; null where a row is part of no total
       family: the key column (member) by whose values rows add up to something shown; where the
         bill shows the sum of a member over another key column too (summed_over), the members that
         it sums (summed)
       nulls: why a measure is null where nothing hides it: a reason, or the column of the model
         that holds it

   Call one of them as the last thought of a mart model, on rows with every declared column.

   Decides: M.suppression, M.family, M.adds_up, M.persons, M.null_reason, M.label. #}

{# Counts from 1 to this one are not shown; 0 is. #}
{% macro suppress_limit() -%}
4
{%- endmacro %}

{# Is this count of persons too small to be shown? Null (nobody can be behind the row) is not. #}
{% macro suppress_is_small(persons) -%}
(coalesce({{ persons }}, 0) between 1 and {{ suppress_limit() }})
{%- endmacro %}

{# Are counts hidden together: is one of them small, or the difference of two of them? #}
{% macro suppress_are_small(counts) -%}
(
{%- for count in counts %}
{{ "or " if not loop.first }}{{ suppress_is_small(count) }}
{%- for other in counts[loop.index:] %}
    or {{ suppress_is_small("abs(" ~ count ~ " - " ~ other ~ ")") }}
{%- endfor %}
{%- endfor %}
)
{%- endmacro %}

{# Why a measure of the row is null. Hidden is said where something is taken away that would stand
   there: a flag that hides nothing would tell of a count that nobody sees. #}
{% macro suppress_null_reason(hides, columns) -%}
    case
        when
            is_suppressed
{%- for group in hides.get("together", []) %}
{%- set shown = (group.counts + group.computed) | select("in", columns) | list %}
            or (is_hidden_{{ loop.index }} and coalesce({{ shown | join(", ") }}) is not null)
{%- endfor %}
            then 'hidden'
{%- for reason in ["not_observed", "not_published", "not_applicable"] %}
{%- set found = namespace(conditions=[]) %}
{%- for column, why in hides.get("nulls", {}).items() %}
{%- if why == reason %}
{%- set _ = found.conditions.append(column ~ " is null") %}
{%- elif why not in ["not_observed", "not_published", "not_applicable"] %}
{%- set own = column ~ " is null and " ~ why ~ " = '" ~ reason ~ "'" %}
{%- set _ = found.conditions.append("(" ~ own ~ ")") %}
{%- endif %}
{%- endfor %}
{%- if found.conditions %}
        when {{ found.conditions | join(" or ") }} then '{{ reason }}'
{%- endif %}
{%- endfor %}
        else ''
    end
{%- endmacro %}

{# The rows of a table as they are published: each measure null where its row is hidden, or one of
   the counts that it is or rests on is hidden. #}
{% macro publish_statistics(table, rows) -%}
{%- set nodes = graph.nodes if graph is defined else none -%}
{%- set node = nodes["model.effekt." ~ table] if nodes else none -%}
{%- if not node -%}
select * from {{ rows }}
{%- else -%}
{%- set hides = node.config.meta.suppression -%}
{%- set together = hides.get("together", []) -%}
{%- set adds_up_to = hides.get("adds_up_to") -%}
{%- set keys_but_last = node.config.meta.key[:-1] -%}
with judged as (
    select
        *,
        {{ suppress_is_small(hides.persons) }}
{%- if adds_up_to %}
        or (
            {{ adds_up_to }} is not null
            and {{ hides.persons }} > {{ suppress_limit() }}
            and {{ suppress_is_small(
                adds_up_to ~ " - sum(" ~ hides.persons ~ ") filter (where not "
                ~ suppress_is_small(hides.persons) ~ ") over family"
            ) }}
            and row_number() over (
                partition by
                    {{ keys_but_last | join(", ") }},
                    {{ adds_up_to }} is not null and {{ hides.persons }} > {{ suppress_limit() }}
                order by {{ hides.persons }}, {{ node.config.meta.key[-1] }}
            ) = 1
        )
{%- endif %} as is_suppressed
{%- for group in together %},
        {{ suppress_are_small(group.counts) }} as is_hidden_{{ loop.index }}
{%- endfor %}
    from {{ rows }}
{%- if adds_up_to %}
    window family as (
        partition by {{ keys_but_last | join(", ") }}, {{ adds_up_to }} is not null
    )
{%- endif %}
)

select
{%- for column in node.columns %}
{%- if column in hides.measures %}
    case
        when
            is_suppressed
{%- for group in together %}
{%- if column in group.counts or column in group.computed %}
            or is_hidden_{{ loop.index }}
            {%- endif %}
            {%- endfor %}
            then null
        else {{ column }}
    end as {{ column }}
    {%- elif column == "null_reason" %}
{{ suppress_null_reason(hides, node.columns) }} as null_reason
    {%- else %}
{{ column }}
{%- endif %}
{{- "," if not loop.last }}
{%- endfor %}
from judged
{%- endif -%}
{%- endmacro %}

{# The domains of words that the columns of the published tables name, as SQL texts. While dbt
   parses there is no graph, and none is given. #}
{% macro published_domains() -%}
{%- set found = namespace(domains=[]) -%}
{%- set nodes = graph.nodes if graph is defined else none -%}
{%- if nodes -%}
{%- for name, node in nodes.items() if name.startswith("model.effekt.") -%}
{%- for column in node.columns.values() -%}
{%- set domain = column.get("config", {}).get("meta", {}).get("words") -%}
{%- if domain -%}
{%- set _ = found.domains.append(domain) -%}
{%- endif -%}
{%- endfor -%}
{%- endfor -%}
{%- endif -%}
{%- for domain in found.domains | unique | sort %}
'{{ domain }}'{{ ", " if not loop.last }}
{%- else -%}
''
{%- endfor -%}
{%- endmacro %}

{# The rows of a family as they are published, from rows of one fact each with the person behind it
   (null: nobody): the members of 1-4 persons, and while 1-4 persons stand behind them the one with
   the next fewest (ties by name), are one row without measures. A member that is not small has more
   persons than the limit, so that one that joins is enough.

   A member that is summed elsewhere is hidden in each family that the sum runs over, or in none:
   the sum less the shown ones would be the hidden one. Where it would be alone behind the row, the
   next fewest that is not summed joins it. #}
{% macro publish_family(table, rows) -%}
{%- set nodes = graph.nodes if graph is defined else none -%}
{%- set node = nodes["model.effekt." ~ table] if nodes else none -%}
{%- if not node -%}
select * from {{ rows }}
{%- else -%}
{%- set hides = node.config.meta.suppression -%}
{%- set member = hides.family.member -%}
{%- set keys = node.config.meta.key -%}
{%- set family = keys | reject("equalto", member) | join(", ") -%}
{%- set summed = hides.family.get("summed", []) -%}
{%- set summed_over = hides.family.get("summed_over") -%}
{%- set is_summed = member ~ " in ('" ~ summed | join("', '") ~ "')" -%}
with members as (
    select
        {{ keys | join(", ") }},
        count(distinct person_no) as persons
{%- for measure in hides.measures %},
        sum({{ measure }})::{{ node.columns[measure].data_type }} as {{ measure }}
{%- endfor %}
    from {{ rows }}
    group by {{ keys | join(", ") }}
),

hidden_persons as (
    select
        {{ family }},
        count(distinct facts.person_no) as persons_hidden
    from {{ rows }} as facts
    inner join members using ({{ keys | join(", ") }})
    where {{ suppress_is_small("members.persons") }}
    group by {{ family }}
),

judged as (
    select
        members.*,
        {{ suppress_is_small("members.persons") }}
        or (
            members.persons > {{ suppress_limit() }}
            and {{ suppress_is_small("hidden_persons.persons_hidden") }}
            and row_number() over (
                partition by {{ family }}, members.persons > {{ suppress_limit() }}
                order by members.persons, {{ member }}
            ) = 1
        ) as is_suppressed
    from members
    left join hidden_persons using ({{ family }})
)
{%- if summed %},

with_sums as (
    select
        *,
        is_suppressed
        or (
            {{ is_summed }}
            and bool_or(is_suppressed) over (
                partition by {{ keys | reject("equalto", summed_over) | join(", ") }}
            )
        ) as is_hidden
    from judged
),

joined as (
    select
        * exclude (is_suppressed, is_hidden),
        is_hidden
        or (
            persons > {{ suppress_limit() }}
            and not {{ is_summed }}
            and count(*) filter (where is_hidden) over own_family = 1
            and bool_or(is_hidden and not is_suppressed) over own_family
            and row_number() over (
                partition by
                    {{ family }},
                    is_hidden or {{ is_summed }} or persons <= {{ suppress_limit() }}
                order by persons, {{ member }}
            ) = 1
        ) as is_suppressed
    from with_sums
    window own_family as (partition by {{ family }})
)
{%- endif %}

select
{%- for column in node.columns %}
{%- if column == member %}
    case when is_suppressed then 'hidden' else {{ member }} end as {{ member }}
    {%- elif column in hides.measures %}
    case when not is_suppressed then {{ column }} end as {{ column }}
    {%- elif column == "null_reason" %}
    case when is_suppressed then 'hidden' else '' end as null_reason
    {%- else %}
{{ column }}
{%- endif %}
{{- "," if not loop.last }}
{%- endfor %}
from {{ "joined" if summed else "judged" }}
group by all
{%- endif -%}
{%- endmacro %}
