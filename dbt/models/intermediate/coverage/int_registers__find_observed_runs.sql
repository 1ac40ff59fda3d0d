-- grain: one row per source and maximal run of days that have an owner
-- counts: all window sources, eindkomst too; lag plays no role
-- rules: I.observed_day, R1.observed
-- left out: whether an extract is young (int_months__observe)
with

windows as (
    select
        source,
        starts_on,
        ends_before
    from {{ ref('int_deliveries__resolve_effective_windows') }}
),

mark_starts as (
    select
        *,
        coalesce(
            lag(ends_before) over (partition by source order by starts_on) != starts_on,
            true
        ) as is_start
    from windows
),

number_runs as (
    select
        *,
        count(*) filter (where is_start) over (
            partition by source
            order by starts_on
            rows between unbounded preceding and current row
        ) as run_no
    from mark_starts
),

join_runs as (
    select
        source,
        run_no,
        min(starts_on) as starts_on,
        max(ends_before) as ends_before
    from number_runs
    group by
        source,
        run_no
),

final as (
    select
        source,
        starts_on,
        ends_before,
        lead(starts_on) over (partition by source order by starts_on) as next_starts_on
    from join_runs
)

select * from final
