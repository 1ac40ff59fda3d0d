-- grain: one row per area, group and month with a landed figure
-- counts: each figure from the newest known delivery with a published value of it; delivery_no is
--   that of the full-time persons, else the newest that suppresses them
-- rules: I.jobindsats
-- left out: suppressed values where another delivery publishes one
with

figures as (
    select
        delivery_no,
        area,
        benefit_group,
        month,
        persons,
        fte
    from {{ ref('stg_jobindsats__figures') }}
),

deliveries as (
    select
        delivery_no,
        delivery_rank
    from {{ ref('stg_deliveries__known') }}
    where source = 'jobindsats'
),

rank_figures as (
    select
        figures.delivery_no,
        figures.area,
        figures.benefit_group,
        figures.month,
        figures.persons,
        figures.fte,
        deliveries.delivery_rank
    from figures
    inner join deliveries on figures.delivery_no = deliveries.delivery_no
),

choose_newest as (
    select
        area,
        benefit_group,
        month,
        arg_max(persons, delivery_rank) filter (where persons is not null) as persons,
        arg_max(fte, delivery_rank) filter (where fte is not null) as fte,
        arg_max(delivery_no, delivery_rank) filter (where fte is not null) as fte_delivery_no,
        arg_max(delivery_no, delivery_rank) as newest_delivery_no
    from rank_figures
    group by
        area,
        benefit_group,
        month
),

final as (
    select
        area,
        benefit_group,
        month,
        persons,
        fte,
        fte is null as is_suppressed,
        coalesce(fte_delivery_no, newest_delivery_no) as delivery_no
    from choose_newest
)

select * from final
