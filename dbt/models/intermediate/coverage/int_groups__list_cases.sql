-- grain: one row per register and benefit group whose merged spells a contract's rules read
-- counts: the groups of all cases that are chained over whole registers
-- rules: R2.case, R6.ended, R8.funnel, R9.persons
-- left out: whose cases they are (int_cases__define)
with

definitions as (
    select
        register_no,
        group_nos
    from {{ ref('int_cases__define') }}
),

list_groups as (
    select
        register_no,
        unnest(group_nos) as group_no
    from definitions
),

final as (
    select
        register_no,
        group_no
    from list_groups
    group by all
)

select * from final
