-- grain: one row per contract, part and person of the treated or the control group
-- counts: weeks from day zero with no support day; where the part says so, a day in a subsidised
--   job is a support day
-- rules: R9.weeks
-- left out: nothing
with

persons as (
    select
        contract_id,
        part_id,
        register_no,
        person_no,
        is_treated,
        day_zero,
        weeks
    from {{ ref('int_effect__find_persons') }}
),

parts as (
    select
        contract_id,
        part_id,
        subsidised_job_blocks
    from {{ ref('stg_contracts__parts') }}
),

spells as (
    select
        register_no,
        person_no,
        group_no,
        starts_on,
        ends_before
    from {{ ref('int_spells__clip_to_windows') }}
),

groups as (
    select
        group_no,
        is_public_support,
        is_subsidised_job
    from {{ ref('stg_benefit_codes__groups') }}
),

support_spells as (
    select
        persons.contract_id,
        persons.part_id,
        persons.person_no,
        greatest(
            (spells.starts_on - persons.day_zero) // {{ days_per_week() }}, 0
        ) as first_week,
        least(
            (spells.ends_before - 1 - persons.day_zero) // {{ days_per_week() }},
            persons.weeks - 1
        ) as last_week
    from persons
    inner join parts using (contract_id, part_id)
    inner join spells
        on
            persons.register_no = spells.register_no
            and persons.person_no = spells.person_no
            and persons.day_zero < spells.ends_before
            and persons.day_zero + persons.weeks * {{ days_per_week() }} > spells.starts_on
    inner join groups on spells.group_no = groups.group_no
    where
        groups.is_public_support
        or (groups.is_subsidised_job and parts.subsidised_job_blocks)
),

seen_weeks as (
    select
        contract_id,
        part_id,
        person_no,
        first_week,
        last_week,
        coalesce(
            max(last_week) over (
                partition by contract_id, part_id, person_no
                order by first_week, last_week
                rows between unbounded preceding and 1 preceding
            ),
            -1
        ) as last_week_so_far
    from support_spells
),

support_weeks as (
    select
        contract_id,
        part_id,
        person_no,
        sum(greatest(last_week - greatest(first_week, last_week_so_far + 1) + 1, 0))
            as support_weeks
    from seen_weeks
    group by all
),

final as (
    select
        persons.contract_id,
        persons.part_id,
        persons.person_no,
        persons.is_treated,
        persons.weeks,
        (persons.weeks - coalesce(support_weeks.support_weeks, 0))::bigint as free_weeks
    from persons
    left join support_weeks using (contract_id, part_id, person_no)
)

select * from final
