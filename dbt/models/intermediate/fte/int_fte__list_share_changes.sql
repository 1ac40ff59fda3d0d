-- grain: one row per register, group and day on which the sum of shares over all persons changes
-- counts: the change of Σ over persons of min(1, Σ shares), in ten-thousandths of a person
-- clause: 30-rules.md §1 (benefit_days, register FTE)
-- left out: months (int_fte__sum_register_months)
with

spells as (
    select
        register_no,
        person_no,
        group_no,
        starts_on,
        ends_before,
        (share * 10000)::integer as share_parts
    from {{ ref('int_spells__clip_to_windows') }}
    where group_no is not null
),

list_changes as (
    select
        register_no,
        person_no,
        group_no,
        starts_on as day,
        share_parts as change_parts
    from spells
    union all
    select
        register_no,
        person_no,
        group_no,
        ends_before as day,
        -share_parts as change_parts
    from spells
),

sum_person_changes as (
    select
        register_no,
        person_no,
        group_no,
        day,
        sum(change_parts) as change_parts
    from list_changes
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

cap_shares as (
    select
        register_no,
        group_no,
        day,
        least(share_parts, 10000) - least(share_parts - change_parts, 10000) as change_parts
    from cumulate_shares
),

final as (
    select
        register_no,
        group_no,
        day,
        sum(change_parts)::hugeint as change_parts
    from cap_shares
    group by
        register_no,
        group_no,
        day
)

select * from final
