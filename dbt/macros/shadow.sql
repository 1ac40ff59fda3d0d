{#
    Variants are contracts in the shadow of their own (rule S.variant, docs/adr/0048). The models
    listed here are built twice in one go: over the rows of the home, into their own room, and over
    the rows of the shadow, into the schema `shadow`. The statement is the same; what differs is the
    room that it reads. Whatever is not listed reads the home's rows alone, so that no other table,
    gate, page or document can see a variant.
    What stands in the shadow first: `lib/warehouse/raw_room.sql`.
#}

{# The tables of the raw room that the shadow has rows of its own for. #}
{% macro shadow_sources() -%}
    {{ return([
        'contract', 'contract_part', 'contract_period', 'contract_price_group', 'contract_rate',
        'contract_case_group', 'contract_exit_reason', 'contract_fte_group', 'contract_tier',
        'contract_reading', 'deltagere', 'resultatkrav', 'frozen_line', 'frozen_settlement',
        'ledger_event',
    ]) }}
{%- endmacro %}

{# The models from those tables to basis and entitlement (a test holds the list against the graph).
   int_spells__keep_participants is not among them: it reads the register once for both. #}
{% macro shadow_models() -%}
    {{ return([
        'stg_contracts__contracts', 'stg_contracts__parts', 'stg_contracts__periods',
        'stg_contracts__price_groups', 'stg_contracts__rates', 'stg_contracts__case_groups',
        'stg_contracts__exit_reasons', 'stg_contracts__fte_groups', 'stg_contracts__tiers',
        'stg_contracts__readings', 'stg_deltagere__courses', 'stg_resultatkrav__claims',
        'stg_ledger__frozen_lines', 'stg_ledger__frozen_settlements', 'stg_ledger__disputes',
        'stg_ledger__decisions', 'int_disputes__resolve_known', 'int_decisions__choose',
        'int_months__list', 'int_months__observe',
        'int_contracts__read_person_month_terms', 'int_courses__resolve_known',
        'int_courses__join_terms', 'int_courses__date_exits', 'int_courses__pick_price_groups',
        'int_cases__chain_to_referral', 'int_cases__date_starts', 'int_courses__judge_referrals',
        'int_courses__find_duplicates', 'int_courses__rank_places',
        'int_courses__decide_eligibility',
        'int_courses__bound_efforts', 'int_support_days__count', 'int_rates__spread_months',
        'int_claims__resolve_known', 'int_person_months__decide_status',
        'int_person_months__decide_payable', 'int_person_months__price',
        'int_fte__measure_reduction',
        'int_relapse__find_case_ends', 'int_relapse__count_entries',
        'int_relapse__follow_up_entries', 'int_relapse__summarise', 'int_relapse__book_savings',
        'int_periods__list', 'int_periods__spread_months', 'int_lines__book_new',
        'int_lines__true_up', 'int_lines__number', 'int_basis__sum_periods',
        'int_readings__arrange_tiers', 'int_payments__apply_readings',
    ]) }}
{%- endmacro %}

{# A listed model as it stands in the shadow, for a model that is not listed. #}
{% macro shadow_ref(name) -%}
    {%- set own = ref(name) -%}
    {%- set is_stored = own.incorporate is defined and not own.is_cte -%}
    {{ own.incorporate(path={'schema': 'shadow'}) if is_stored else own }}
{%- endmacro %}

{# The statement of a listed model, reading the rows of the shadow. #}
{% macro in_shadow(statement) -%}
    {%- set told = namespace(text=statement) -%}
    {%- for node in model.depends_on.nodes -%}
        {%- set name = node.split('.')[-1] -%}
        {%- if node.startswith('source.') -%}
            {%- set rooms = ['raw'] if name in shadow_sources() else [] -%}
        {%- else -%}
            {%- set rooms = ['staging', 'intermediate'] if name in shadow_models() else [] -%}
        {%- endif -%}
        {%- for room in rooms -%}
            {%- set told.text = told.text | replace(
                '"' ~ room ~ '"."' ~ name ~ '"', '"shadow"."' ~ name ~ '"'
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(told.text) }}
{%- endmacro %}


{# Build a listed model once more, over the rows of the shadow; nothing for any other. #}
{% macro replace_in_shadow(replacement, relation, statement) -%}
    {%- if model.name in shadow_models() -%}
        {%- set shade = relation.incorporate(path={'schema': 'shadow'}) -%}
        {%- set _replaced = replace_relation(replacement(shade, in_shadow(statement))) -%}
    {%- endif -%}
{%- endmacro %}
