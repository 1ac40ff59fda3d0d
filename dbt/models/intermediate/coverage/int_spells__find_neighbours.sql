-- grain: one row per clipped spell that shares a day or a month with another of its person, group
-- counts: spells that begin in a month which an earlier one reaches, and those that overlap
--   another; reached_before is the end of all earlier ones, by first day
-- rules: R1.benefit_days, M.persons
-- left out: all others, which can be counted without looking at a person; most of them are
--   marked as alone at load. That saves 0.05 CPU seconds at the size of a municipality and 5 of 36
--   at a nation, with the same peak of memory (docs/adr/0021)
with

spells as (
    select
        register_no,
        person_no,
        group_no,
        starts_on,
        ends_before,
        share
    from {{ ref('int_spells__clip_to_windows') }}
    where is_alone is not true
),

-- rows that tie in this order are equal in every column
look_around as (
    select
        *,
        max(ends_before) over (
            in_order rows between unbounded preceding and 1 preceding
        ) as reached_before,
        lead(starts_on) over in_order as next_starts_on
    from spells
    window in_order as (
        partition by register_no, person_no, group_no
        order by starts_on, ends_before, share
    )
),

final as (
    select
        register_no,
        person_no,
        group_no,
        starts_on,
        ends_before,
        share,
        reached_before,
        coalesce(reached_before > starts_on, false)
        or coalesce(next_starts_on < ends_before, false) as is_overlapping
    from look_around
    where
        reached_before > {{ month_of('starts_on') }}
        or next_starts_on < ends_before
)

select * from final
