-- grain: one row per group and month with at least one person
-- counts: persons with at least one benefit day in the month, in the home's register
-- clause: 50-mart.md, Suppression (persons behind a row of fte_month)
-- left out: groups and months without persons
with

home_register as (
    select register_no from {{ ref('int_registers__choose_home') }}
),

spells as (
    select register_no, group_no, starts_on, ends_before, next_starts_on
    from {{ ref('int_spells__merge_by_group') }}
),

-- a spell that ends in the month in which the person's next one begins leaves that month to it
month_runs as (
    select
        spells.group_no,
        {{ month_of('spells.starts_on') }} as first_month,
        least(
            {{ month_end('spells.ends_before - 1') }},
            {{ month_of('spells.next_starts_on') }}
        ) as month_before,
        count(*) as runs
    from spells
    inner join home_register on spells.register_no = home_register.register_no
    group by all
),

changes as (
    select group_no, first_month as month, runs as change from month_runs
    union all
    select group_no, month_before as month, -runs as change from month_runs
),

monthly_changes as (
    select group_no, month, sum(change) as change
    from changes
    group by all
),

counted as (
    select
        group_no,
        month,
        sum(change) over (partition by group_no order by month) as persons,
        lead(month) over (partition by group_no order by month) as month_before
    from monthly_changes
),

final as (
    select
        group_no,
        unnest(generate_series(month, month_before - 1, interval 1 month))::date as month,
        persons::bigint as persons
    from counted
    where persons > 0
)

select * from final
