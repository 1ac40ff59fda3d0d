-- grain: one row per register, group and day on which the sum of shares over all persons changes
-- counts: the change of Σ over persons of min(1, Σ shares), in ten-thousandths of a person; only
--   spells that overlap another one of their group need the sum per person
-- rules: R1.benefit_days, R1.register_fte
-- decides: R1.benefit_days
-- left out: months (int_fte__sum_register_months)
with

spell_days as (
    select
        register_no,
        group_no,
        day,
        change_parts
    from {{ ref('int_fte__tally_spell_days') }}
),

overlapping_spells as (
    select
        register_no,
        person_no,
        group_no,
        starts_on,
        ends_before,
        (share * {{ fte_parts() }})::integer as share_parts
    from {{ ref('int_spells__find_neighbours') }}
    where is_overlapping
),

list_person_changes as (
    select
        register_no,
        person_no,
        group_no,
        starts_on as day,
        share_parts as change_parts
    from overlapping_spells
    union all
    select
        register_no,
        person_no,
        group_no,
        ends_before as day,
        -share_parts as change_parts
    from overlapping_spells
),

sum_person_changes as (
    select
        register_no,
        person_no,
        group_no,
        day,
        sum(change_parts) as change_parts
    from list_person_changes
    group by
        register_no,
        person_no,
        group_no,
        day
),

cumulate_shares as (
    select
        *,
        sum(change_parts) over (
            partition by register_no, person_no, group_no
            order by day
            rows between unbounded preceding and current row
        ) as share_parts
    from sum_person_changes
),

-- what min(1, Σ shares) takes away from the plain sum
measure_excess as (
    select
        register_no,
        group_no,
        day,
        greatest(share_parts - change_parts - {{ fte_parts() }}, 0)
        - greatest(share_parts - {{ fte_parts() }}, 0) as change_parts
    from cumulate_shares
),

list_changes as (
    select * from spell_days
    union all
    select * from measure_excess
    where change_parts != 0
),

final as (
    select
        register_no,
        group_no,
        day,
        sum(change_parts)::hugeint as change_parts
    from list_changes
    group by
        register_no,
        group_no,
        day
)

select * from final
