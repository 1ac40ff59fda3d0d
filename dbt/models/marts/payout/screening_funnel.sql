-- grain: one row per contract, calendar year and step
-- counts: persons, each once a year and step, and the goal beside them
-- rules: R8.funnel, M.suppression, M.adds_up
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

-- whoever enters the special course in a year has a status of that year
totalled as (
    select
        contract_id,
        year,
        step,
        persons,
        goal,
        case
            when starts_with(step, 'status_') then
                max(persons) filter (where step = 'special_course') over (
                    partition by contract_id, year
                )
        end as persons_of_course
    from steps
),

final as (
    {{ publish_statistics('screening_funnel', 'totalled') }}
)

select * from final
