-- grain: one row per register, person, group and merged spell
-- counts: spells of the group that overlap or touch are one, whatever their share
-- clause: 30-rules.md §1 (merged spells)
-- left out: shares (int_fte__sum_register_months)
with

spells as (
    select
        register_no,
        person_no,
        group_no,
        starts_on,
        ends_before
    from {{ ref('int_spells__clip_to_windows') }}
),

join_same_starts as (
    select
        register_no,
        person_no,
        group_no,
        starts_on,
        max(ends_before) as ends_before
    from spells
    group by
        register_no,
        person_no,
        group_no,
        starts_on
),

find_reach as (
    select
        *,
        max(ends_before) over (
            partition by register_no, person_no, group_no
            order by starts_on
            rows between unbounded preceding and 1 preceding
        ) as reached_before
    from join_same_starts
),

number_spells as (
    select
        *,
        count(*) filter (where reached_before is null or reached_before < starts_on) over (
            partition by register_no, person_no, group_no
            order by starts_on
            rows between unbounded preceding and current row
        ) as spell_no
    from find_reach
),

join_spells as (
    select
        register_no,
        person_no,
        group_no,
        spell_no,
        min(starts_on) as starts_on,
        max(ends_before) as ends_before
    from number_spells
    group by
        register_no,
        person_no,
        group_no,
        spell_no
),

final as (
    select
        register_no,
        person_no,
        group_no,
        starts_on,
        ends_before,
        lead(starts_on) over (
            partition by register_no, person_no, group_no
            order by starts_on
        ) as next_starts_on
    from join_spells
)

select * from final
