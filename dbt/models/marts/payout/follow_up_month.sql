-- grain: one row per contract, month of the term that has begun, and followed benefit group
-- counts: persons, register and published full-time persons, share in company-directed activity,
--   ended cases and company contacts (the same number in each group's row)
-- rules: R6.follow_up, M.suppression
-- left out: counts of months that the register does not observe (null). A published figure is
--   hidden where fte_month hides it
with

months as (
    select
        contract_id,
        month,
        benefit_group,
        register_no,
        group_no,
        persons,
        company_directed
    from {{ ref('int_follow_up__count_months') }}
),

contracts as (
    select
        contract_id,
        area
    from {{ ref('stg_contracts__contracts') }}
),

register_months as (
    select
        register_no,
        group_no,
        month,
        fte
    from {{ ref('int_fte__sum_register_months') }}
),

published as (
    select
        area,
        benefit_group,
        month,
        persons,
        fte
    from {{ ref('int_fte__choose_published') }}
),

home_months as (
    select
        area,
        benefit_group,
        month,
        persons
    from {{ ref('int_fte__compare_home_months') }}
),

ended_cases as (
    select
        contract_id,
        month,
        benefit_group,
        cases_ended,
        persons
    from {{ ref('int_follow_up__count_ended_cases') }}
),

contacts as (
    select {{ month_of('starts_on') }} as month
    from {{ ref('int_activities__resolve_known') }}
    where type = 'virksomhedskontakt'
),

count_contacts as (
    select
        month,
        count(*) as company_contacts
    from contacts
    group by month
),

joined as (
    select
        months.contract_id,
        months.month,
        months.benefit_group,
        months.persons,
        months.company_directed,
        register_months.fte as fte_register,
        published.fte as fte_published,
        coalesce(nullif(published.persons, 0), home_months.persons) as persons_published,
        coalesce(ended_cases.cases_ended, 0) as cases_ended,
        ended_cases.persons as persons_ended,
        coalesce(count_contacts.company_contacts, 0) as company_contacts
    from months
    inner join contracts using (contract_id)
    left join register_months using (register_no, group_no, month)
    left join ended_cases using (contract_id, month, benefit_group)
    left join count_contacts using (month)
    left join published
        on
            contracts.area = published.area
            and months.benefit_group = published.benefit_group
            and months.month = published.month
    left join home_months
        on
            contracts.area = home_months.area
            and months.benefit_group = home_months.benefit_group
            and months.month = home_months.month
),

measured as (
    select
        *,
        case when persons > 0 then {{ fraction('company_directed', 'persons', 6) }} end
        ::decimal(9, 6) as company_directed_share
    from joined
),

final as (
    {{ publish_statistics('follow_up_month', 'measured') }}
)

select * from final
