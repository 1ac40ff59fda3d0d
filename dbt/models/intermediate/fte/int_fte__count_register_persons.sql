-- grain: one row per group and month with at least one person
-- counts: persons with at least one benefit day in the month, in the home's register
-- rules: M.persons
-- left out: groups and months without persons
with

home_register as (
    select register_no
    from {{ ref('int_registers__choose_home') }}
),

spell_days as (
    select
        register_no,
        group_no,
        day,
        started_spells,
        ended_spells
    from {{ ref('int_fte__tally_spell_days') }}
),

neighbours as (
    select
        register_no,
        group_no,
        starts_on,
        ends_before,
        reached_before
    from {{ ref('int_spells__find_neighbours') }}
    where reached_before > {{ month_of('starts_on') }}
),

count_starts as (
    select
        register_no,
        group_no,
        {{ month_of('day') }} as month,
        sum(started_spells) as change
    from spell_days
    group by all
),

count_ends as (
    select
        register_no,
        group_no,
        {{ month_end('day - 1') }} as month,
        -sum(ended_spells) as change
    from spell_days
    group by all
),

-- months that an earlier spell of the person has counted already
count_repeated_starts as (
    select
        register_no,
        group_no,
        {{ month_of('starts_on') }} as month,
        -count(*) as change
    from neighbours
    group by all
),

count_repeated_ends as (
    select
        register_no,
        group_no,
        {{ month_end('least(ends_before, reached_before) - 1') }} as month,
        count(*) as change
    from neighbours
    group by all
),

list_changes as (
    select * from count_starts
    union all
    select * from count_ends
    union all
    select * from count_repeated_starts
    union all
    select * from count_repeated_ends
),

sum_changes as (
    select
        list_changes.group_no,
        list_changes.month,
        sum(list_changes.change) as change
    from list_changes
    inner join home_register on list_changes.register_no = home_register.register_no
    group by
        list_changes.group_no,
        list_changes.month
),

cumulate_persons as (
    select
        group_no,
        month,
        sum(change) over (
            partition by group_no
            order by month
            rows between unbounded preceding and current row
        ) as persons,
        lead(month) over (partition by group_no order by month) as month_before
    from sum_changes
),

final as (
    select
        group_no,
        persons::bigint as persons,
        unnest(generate_series(month, month_before - 1, interval 1 month))::date as month
    from cumulate_persons
    where persons > 0
)

select * from final
