-- grain: one row per contract, part and person of the treated or the control group with all days
--   observed
-- counts: treated = eligible courses, from the first day of the first effort month; controls =
--   persons
--   without a course whose first case that lasts more than min_case_days days reaches that day
--   inside the control window, from the first day of the month after it
-- clause: 30-rules.md §9
-- left out: persons with an unobserved day in their weeks; eligible courses without an effort
--   month, which have no day zero
with

effects as (
    select
        effects.contract_id,
        effects.part_id,
        effects.control_first_day,
        effects.control_last_day,
        effects.weeks,
        parts.min_case_days,
        parts.case_max_gap_days,
        registers.register_no,
        contracts.register
    from {{ ref('stg_contracts__effects') }} as effects
    inner join {{ ref('stg_contracts__parts') }} as parts using (contract_id, part_id)
    inner join {{ ref('stg_contracts__contracts') }} as contracts using (contract_id)
    inner join {{ ref('stg_registers') }} as registers on contracts.register = registers.source
),

case_groups as (
    select
        case_groups.contract_id,
        case_groups.part_id,
        benefit_groups.group_no
    from {{ ref('stg_contracts__case_groups') }} as case_groups
    inner join {{ ref('stg_benefit_codes__groups') }} as benefit_groups using (benefit_group)
),

merged_spells as (
    select
        register_no,
        person_no,
        group_no,
        starts_on,
        ends_before
    from {{ ref('int_spells__merge_by_group') }}
),

courses as (
    select
        course_no,
        contract_id,
        person_no,
        eligibility
    from {{ ref('int_courses__decide_eligibility') }}
),

efforts as (
    select
        course_no,
        starts_on
    from {{ ref('int_courses__bound_efforts') }}
),

observed_runs as (
    select
        source,
        starts_on,
        ends_before
    from {{ ref('int_registers__find_observed_runs') }}
),

treated as (
    select
        effects.contract_id,
        effects.part_id,
        effects.register_no,
        effects.register,
        effects.weeks,
        courses.person_no,
        true as is_treated,
        efforts.starts_on as day_zero
    from effects
    inner join courses using (contract_id)
    inner join efforts using (course_no)
    where courses.eligibility = 'eligible'
),

case_spells as (
    select
        effects.contract_id,
        effects.part_id,
        effects.case_max_gap_days,
        merged_spells.person_no,
        merged_spells.starts_on,
        merged_spells.ends_before,
        max(merged_spells.ends_before) over (
            partition by effects.contract_id, effects.part_id, merged_spells.person_no
            order by merged_spells.starts_on, merged_spells.ends_before, merged_spells.group_no
            rows between unbounded preceding and 1 preceding
        ) as ended_before_so_far
    from effects
    inner join case_groups using (contract_id, part_id)
    inner join merged_spells using (register_no, group_no)
),

numbered_spells as (
    select
        *,
        count(*) filter (
            where
            ended_before_so_far is null
            or starts_on - ended_before_so_far > case_max_gap_days
        ) over (
            partition by contract_id, part_id, person_no
            order by starts_on, ends_before
            range between unbounded preceding and current row
        ) as case_no
    from case_spells
),

cases as (
    select
        contract_id,
        part_id,
        person_no,
        case_no,
        min(starts_on) as starts_on,
        max(ends_before) as ends_before
    from numbered_spells
    group by all
),

first_long_cases as (
    select
        effects.contract_id,
        effects.part_id,
        effects.register_no,
        effects.register,
        effects.weeks,
        effects.control_first_day,
        effects.control_last_day,
        cases.person_no,
        min(cases.starts_on) + effects.min_case_days + 1 as reached_on
    from effects
    inner join cases
        on
            effects.contract_id = cases.contract_id
            and effects.part_id = cases.part_id
            and cases.starts_on + effects.min_case_days + 1 < cases.ends_before
    group by
        effects.contract_id,
        effects.part_id,
        effects.register_no,
        effects.register,
        effects.weeks,
        effects.control_first_day,
        effects.control_last_day,
        effects.min_case_days,
        cases.person_no
),

controls as (
    select
        first_long_cases.contract_id,
        first_long_cases.part_id,
        first_long_cases.register_no,
        first_long_cases.register,
        first_long_cases.weeks,
        first_long_cases.person_no,
        false as is_treated,
        (date_trunc('month', first_long_cases.reached_on) + interval 1 month)::date as day_zero
    from first_long_cases
    anti join courses
        on
            first_long_cases.contract_id = courses.contract_id
            and first_long_cases.person_no = courses.person_no
    where
        first_long_cases.reached_on
        between first_long_cases.control_first_day and first_long_cases.control_last_day
),

persons as (
    select * from treated
    union all
    select * from controls
),

final as (
    select
        persons.contract_id,
        persons.part_id,
        persons.register_no,
        persons.person_no,
        persons.is_treated,
        persons.day_zero,
        persons.weeks
    from persons
    where exists (
            select 1
            from observed_runs
            where
                observed_runs.source = persons.register
                and observed_runs.starts_on <= persons.day_zero
                and observed_runs.ends_before
                >= persons.day_zero + persons.weeks * {{ days_per_week() }}
        )
)

select * from final
