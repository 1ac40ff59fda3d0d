-- grain: one row per register, list of benefit groups, gap and person's case over these groups
-- counts: merged spells of the groups, one case as long as at most case_max_gap_days days lie
--   between
-- rules: R2.case, R6.ended, R8.funnel, R9.persons
-- decides: R2.case
-- left out: groups whose cases no contract reads; the move of a case's start (R2.case_start alone)
with

definitions as (
    select
        register_no,
        group_nos,
        case_max_gap_days
    from {{ ref('int_cases__define') }}
),

merged_spells as (
    select
        register_no,
        group_no,
        person_no,
        starts_on,
        ends_before
    from {{ ref('int_spells__merge_by_group') }}
),

number_definitions as (
    select
        *,
        row_number() over (order by register_no, case_max_gap_days, group_nos) as definition_no
    from definitions
),

list_groups as (
    select
        definition_no,
        register_no,
        case_max_gap_days,
        unnest(group_nos) as group_no
    from number_definitions
),

-- rows that tie in this order are equal in every column
find_reach as (
    select
        list_groups.definition_no,
        list_groups.case_max_gap_days,
        merged_spells.person_no,
        merged_spells.starts_on,
        merged_spells.ends_before,
        max(merged_spells.ends_before) over (
            partition by list_groups.definition_no, merged_spells.person_no
            order by merged_spells.starts_on, merged_spells.ends_before
            rows between unbounded preceding and 1 preceding
        ) as reached_before
    from list_groups
    inner join merged_spells
        on
            list_groups.register_no = merged_spells.register_no
            and list_groups.group_no = merged_spells.group_no
),

-- rows that tie are of one case, whichever of them comes first (range, not rows)
number_cases as (
    select
        *,
        count(*) filter (
            where {{ is_interrupted('reached_before', 'starts_on', 'case_max_gap_days') }}
        ) over (
            partition by definition_no, person_no
            order by starts_on, ends_before
            range between unbounded preceding and current row
        ) as case_no
    from find_reach
),

join_spells as (
    select
        definition_no,
        person_no,
        min(starts_on) as starts_on,
        max(ends_before) as ends_before
    from number_cases
    group by
        definition_no,
        person_no,
        case_no
),

final as (
    select
        number_definitions.register_no,
        number_definitions.group_nos,
        number_definitions.case_max_gap_days,
        join_spells.person_no,
        join_spells.starts_on,
        join_spells.ends_before
    from join_spells
    inner join number_definitions on join_spells.definition_no = number_definitions.definition_no
)

select * from final
