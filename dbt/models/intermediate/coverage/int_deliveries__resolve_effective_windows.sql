-- grain: one row per stretch of days that one known delivery owns; a source's rows never overlap
-- counts: of all known deliveries whose window covers a day, the newest in the source's order; the
--   end of the stretch before and the start of the one after give the months that two deliveries
--   share
-- rules: I.window
-- decides: I.window
-- left out: days that no known delivery covers
with

deliveries as (
    select
        delivery_no,
        source,
        extracted_on,
        covers_from,
        covers_before,
        delivery_rank
    from {{ ref('stg_deliveries__known') }}
    where
        covers_from is not null
        and covers_before is not null
),

list_edges as (
    select
        source,
        covers_from as edge
    from deliveries
    union
    select
        source,
        covers_before as edge
    from deliveries
),

cut_segments as (
    select
        source,
        edge as starts_on,
        lead(edge) over (partition by source order by edge) as ends_before
    from list_edges
),

choose_owners as (
    select
        cut_segments.source,
        cut_segments.starts_on,
        cut_segments.ends_before,
        max(deliveries.delivery_rank) as delivery_rank
    from cut_segments
    inner join deliveries
        on
            cut_segments.source = deliveries.source
            and cut_segments.starts_on >= deliveries.covers_from
            and cut_segments.ends_before <= deliveries.covers_before
    group by
        cut_segments.source,
        cut_segments.starts_on,
        cut_segments.ends_before
),

mark_changes as (
    select
        *,
        coalesce(
            lag(delivery_rank) over in_order != delivery_rank
            or lag(ends_before) over in_order != starts_on,
            true
        ) as is_change
    from choose_owners
    window in_order as (partition by source order by starts_on)
),

number_stretches as (
    select
        *,
        count(*) filter (where is_change) over (
            partition by source
            order by starts_on
            rows between unbounded preceding and current row
        ) as stretch_no
    from mark_changes
),

join_stretches as (
    select
        source,
        delivery_rank,
        min(starts_on) as starts_on,
        max(ends_before) as ends_before
    from number_stretches
    group by
        source,
        delivery_rank,
        stretch_no
),

final as (
    select
        join_stretches.source,
        deliveries.delivery_no,
        deliveries.extracted_on,
        join_stretches.starts_on,
        join_stretches.ends_before,
        lag(join_stretches.ends_before) over in_order as earlier_ends_before,
        lead(join_stretches.starts_on) over in_order as later_starts_on
    from join_stretches
    inner join deliveries
        on
            join_stretches.source = deliveries.source
            and join_stretches.delivery_rank = deliveries.delivery_rank
    window in_order as (partition by join_stretches.source order by join_stretches.starts_on)
)

select * from final
