-- grain: one row per benefit code that is an exit, and per group all of whose codes are
-- counts: a group has no code: weekly payments tell their group alone; its reason is the first
--   by name of those of its codes
-- rules: R3.exit
-- left out: groups that have other codes as well
with

codes as (
    select
        code,
        group_no,
        benefit_group,
        is_exit,
        exit_reason
    from {{ ref('stg_benefit_codes__codes') }}
),

list_codes as (
    select
        code,
        group_no,
        benefit_group,
        exit_reason
    from codes
    where is_exit
),

list_groups as (
    select
        group_no,
        benefit_group,
        min(exit_reason) as exit_reason
    from codes
    group by group_no, benefit_group
    having bool_and(is_exit)
),

final as (
    select * from list_codes
    union all by name
    select * from list_groups
)

select * from final
