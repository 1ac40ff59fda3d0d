-- grain: one row per register, group and day on which a clipped spell begins or has ended
-- counts: spells that begin on the day, spells whose last day was the day before, and the change
--   of the plain sum of shares, in ten-thousandths of a person, over all persons
-- rules: R1.benefit_days
-- left out: what a person's overlapping spells have in common (int_fte__list_share_changes,
--   int_fte__count_register_persons)
with

spells as (
    select
        register_no,
        group_no,
        starts_on,
        ends_before,
        (share * {{ fte_parts() }})::integer as share_parts
    from {{ ref('int_spells__clip_to_windows') }}
),

sum_starts as (
    select
        register_no,
        group_no,
        starts_on as day,
        count(*) as spells,
        sum(share_parts) as share_parts
    from spells
    group by
        register_no,
        group_no,
        starts_on
),

sum_ends as (
    select
        register_no,
        group_no,
        ends_before as day,
        count(*) as spells,
        sum(share_parts) as share_parts
    from spells
    group by
        register_no,
        group_no,
        ends_before
),

list_days as (
    select
        register_no,
        group_no,
        day,
        spells as started_spells,
        0 as ended_spells,
        share_parts
    from sum_starts
    union all
    select
        register_no,
        group_no,
        day,
        0 as started_spells,
        spells as ended_spells,
        -share_parts as share_parts
    from sum_ends
),

final as (
    select
        register_no,
        group_no,
        day,
        sum(started_spells)::bigint as started_spells,
        sum(ended_spells)::bigint as ended_spells,
        sum(share_parts)::hugeint as change_parts
    from list_days
    group by
        register_no,
        group_no,
        day
)

select * from final
