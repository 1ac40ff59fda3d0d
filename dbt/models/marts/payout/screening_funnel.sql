-- grain: one row per contract, calendar year and step
-- counts: persons, each once a year and step, and the goal beside them
-- rules: R8.funnel, M.suppression
-- left out: statuses that nobody has
with

steps as (
    select
        contract_id,
        year,
        step,
        persons,
        goal
    from {{ ref('int_screening__count_steps') }}
),

flagged as (
    select
        *,
        {{ suppress_flag('persons', ['contract_id', 'year'], 'step') }} as is_suppressed
    from steps
),

final as (
    select
        contract_id,
        year,
        step,
        {{ suppress_measure('persons', ['persons']) }} as persons,
        goal,
        is_suppressed
    from flagged
)

select * from final
