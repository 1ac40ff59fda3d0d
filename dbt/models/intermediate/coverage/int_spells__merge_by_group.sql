-- grain: one row per register, person, group and merged spell
-- counts: spells of the group that overlap or touch are one, whatever their share
-- rules: R1.merged
-- left out: groups whose cases no contract reads; shares (int_fte__list_share_changes)
with

clipped_spells as (
    select
        register_no,
        person_no,
        group_no,
        starts_on,
        ends_before
    from {{ ref('int_spells__clip_to_windows') }}
),

case_groups as (
    select
        register_no,
        group_no
    from {{ ref('int_groups__list_cases') }}
),

spells as (
    select clipped_spells.*
    from clipped_spells
    semi join case_groups
        on
            clipped_spells.register_no = case_groups.register_no
            and clipped_spells.group_no = case_groups.group_no
),

-- rows that tie in this order are equal in every column
find_neighbours as (
    select
        *,
        max(ends_before) over (
            in_order rows between unbounded preceding and 1 preceding
        ) as reached_before,
        lead(starts_on) over in_order as next_starts_on
    from spells
    window in_order as (
        partition by register_no, person_no, group_no
        order by starts_on, ends_before
    )
),

mark_lone_spells as (
    select
        *,
        coalesce(reached_before < starts_on, true)
        and coalesce(next_starts_on > ends_before, true) as is_alone
    from find_neighbours
),

-- rows that tie are one cluster, whichever of them comes first (range, not rows): only the first of
-- them in the order above has no reached_before of its own
number_clusters as (
    select
        *,
        count(*) filter (where reached_before is null or reached_before < starts_on) over (
            partition by register_no, person_no, group_no
            order by starts_on, ends_before
            range between unbounded preceding and current row
        ) as cluster_no
    from mark_lone_spells
    where not is_alone
),

join_clusters as (
    select
        register_no,
        person_no,
        group_no,
        min(starts_on) as starts_on,
        max(ends_before) as ends_before,
        max(next_starts_on) as next_starts_on
    from number_clusters
    group by
        register_no,
        person_no,
        group_no,
        cluster_no
),

final as (
    select
        register_no,
        person_no,
        group_no,
        starts_on,
        ends_before,
        next_starts_on
    from mark_lone_spells
    where is_alone
    union all
    select
        register_no,
        person_no,
        group_no,
        starts_on,
        ends_before,
        case when next_starts_on > ends_before then next_starts_on end as next_starts_on
    from join_clusters
)

select * from final
