-- grain: one row per contract, part and person of the treated or the control group with all days
--   observed
-- counts: treated = eligible courses, from the first day of the first effort month; controls as
--   int_effect__find_controls finds them
-- rules: R9.persons
-- decides: R9.persons
-- left out: persons with an unobserved day in their weeks; eligible courses without an effort
--   month, which have no day zero
with

effects as (
    select
        contract_id,
        part_id,
        weeks
    from {{ ref('stg_contracts__effects') }}
),

contracts as (
    select
        contract_id,
        register
    from {{ ref('stg_contracts__contracts') }}
),

registers as (
    select
        register_no,
        source
    from {{ ref('stg_registers') }}
),

courses as (
    select
        course_no,
        contract_id,
        person_no
    from {{ ref('int_courses__decide_eligibility') }}
    where eligibility = 'eligible'
),

efforts as (
    select
        course_no,
        starts_on
    from {{ ref('int_courses__bound_efforts') }}
),

controls as (
    select
        contract_id,
        part_id,
        person_no,
        day_zero
    from {{ ref('int_effect__find_controls') }}
),

observed_runs as (
    select
        source,
        starts_on,
        ends_before
    from {{ ref('int_registers__find_observed_runs') }}
),

find_treated as (
    select
        effects.contract_id,
        effects.part_id,
        courses.person_no,
        efforts.starts_on as day_zero
    from effects
    inner join courses on effects.contract_id = courses.contract_id
    inner join efforts on courses.course_no = efforts.course_no
),

list_persons as (
    select
        *,
        true as is_treated
    from find_treated
    union all by name
    select
        *,
        false as is_treated
    from controls
),

final as (
    select
        list_persons.contract_id,
        list_persons.part_id,
        registers.register_no,
        list_persons.person_no,
        list_persons.is_treated,
        list_persons.day_zero,
        effects.weeks
    from list_persons
    inner join effects
        on
            list_persons.contract_id = effects.contract_id
            and list_persons.part_id = effects.part_id
    inner join contracts on list_persons.contract_id = contracts.contract_id
    inner join registers on contracts.register = registers.source
    inner join observed_runs
        on
            contracts.register = observed_runs.source
            and list_persons.day_zero >= observed_runs.starts_on
            and list_persons.day_zero + effects.weeks * {{ days_per_week() }}
            <= observed_runs.ends_before
)

select * from final
