-- grain: one row per course with a price group
-- counts: the case that covers visited_on, chained over the case groups while the gap is at most
--   case_max_gap_days; unobserved days are days without a spell
-- rules: R2.case, R2.case_start
-- left out: what lies before the edge of knowledge (int_cases__date_starts)
with

courses as (
    select
        course_no,
        contract_no,
        register_no,
        person_no,
        visited_on
    from {{ ref('int_courses__join_terms') }}
),

priced_courses as (
    select course_no
    from {{ ref('int_courses__pick_price_groups') }}
),

terms as (
    select
        contract_no,
        contract_id,
        part_id,
        case_max_gap_days
    from {{ ref('int_contracts__read_person_month_terms') }}
),

case_groups as (
    select
        contract_id,
        part_id,
        benefit_group
    from {{ ref('stg_contracts__case_groups') }}
),

groups as (
    select
        group_no,
        benefit_group
    from {{ ref('stg_benefit_codes__groups') }}
),

spells as (
    select
        register_no,
        person_no,
        group_no,
        starts_on,
        ends_before,
        row_starts_on
    from {{ ref('int_spells__keep_participants') }}
),

number_case_groups as (
    select
        terms.contract_no,
        terms.case_max_gap_days,
        groups.group_no
    from terms
    inner join case_groups
        on
            terms.contract_id = case_groups.contract_id
            and terms.part_id = case_groups.part_id
    inner join groups on case_groups.benefit_group = groups.benefit_group
),

list_case_spells as (
    select
        courses.course_no,
        number_case_groups.case_max_gap_days,
        spells.starts_on,
        max(spells.ends_before) as ends_before,
        min(spells.row_starts_on) as row_starts_on
    from courses
    semi join priced_courses on courses.course_no = priced_courses.course_no
    inner join spells
        on
            courses.person_no = spells.person_no
            and courses.register_no = spells.register_no
            and courses.visited_on >= spells.starts_on
    inner join number_case_groups
        on
            courses.contract_no = number_case_groups.contract_no
            and spells.group_no = number_case_groups.group_no
    group by
        courses.course_no,
        number_case_groups.case_max_gap_days,
        spells.starts_on
),

find_reach as (
    select
        *,
        max(ends_before) over (
            partition by course_no
            order by starts_on
            rows between unbounded preceding and 1 preceding
        ) as reached_before
    from list_case_spells
),

final as (
    select
        course_no,
        max(starts_on) as starts_on,
        arg_max(row_starts_on, starts_on) as row_starts_on
    from find_reach
    where {{ is_interrupted('reached_before', 'starts_on', 'case_max_gap_days') }}
    group by course_no
)

select * from final
