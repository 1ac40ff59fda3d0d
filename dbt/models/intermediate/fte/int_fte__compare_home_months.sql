-- grain: one row per area, benefit group and month with a published or a register figure
-- counts: persons and full-time persons as published and of the home's register, and the greater of
--   the two numbers of persons
-- rules: R1.register_fte, M.persons; docs/adr/0004-register-of-the-home.md
-- left out: other areas than the home's; suppression (marts)
with

run_context as (
    select area from {{ ref('stg_run__context') }}
),

published as (
    select
        area,
        benefit_group,
        month,
        persons,
        fte,
        is_suppressed,
        delivery_no
    from {{ ref('int_fte__choose_published') }}
),

register_months as (
    select
        register_no,
        group_no,
        month,
        fte
    from {{ ref('int_fte__sum_register_months') }}
    where fte is not null
),

register_persons as (
    select
        group_no,
        month,
        persons
    from {{ ref('int_fte__count_register_persons') }}
),

home_register as (
    select register_no from {{ ref('int_registers__choose_home') }}
),

groups as (
    select
        group_no,
        benefit_group
    from {{ ref('stg_benefit_codes__groups') }}
),

home_published as (
    select published.*
    from published
    inner join run_context on published.area = run_context.area
),

home_months as (
    select
        run_context.area,
        groups.benefit_group,
        register_months.month,
        register_months.fte,
        coalesce(register_persons.persons, 0) as persons
    from register_months
    inner join home_register on register_months.register_no = home_register.register_no
    inner join groups on register_months.group_no = groups.group_no
    left join register_persons
        on
            register_months.group_no = register_persons.group_no
            and register_months.month = register_persons.month
    cross join run_context
),

final as (
    select
        coalesce(home_published.area, home_months.area) as area,
        coalesce(home_published.benefit_group, home_months.benefit_group) as benefit_group,
        coalesce(home_published.month, home_months.month) as month,
        home_published.persons as persons_published,
        home_published.fte as fte_published,
        coalesce(home_published.is_suppressed, false) as is_published_suppressed,
        home_published.delivery_no,
        home_months.persons as persons_register,
        home_months.fte as fte_register,
        greatest(coalesce(home_published.persons, 0), coalesce(home_months.persons, 0)) as persons
    from home_published
    full outer join home_months
        on
            home_published.area = home_months.area
            and home_published.benefit_group = home_months.benefit_group
            and home_published.month = home_months.month
)

select * from final
