-- grain: one row per contract, month of the term that has begun, and followed benefit group
-- counts: persons, register and published full-time persons, share in company-directed activity,
--   ended cases and company contacts (the same number in each group's row)
-- rules: R6.follow_up, M.suppression
-- left out: counts of months that the register does not observe (null)
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
        fte
    from {{ ref('int_fte__choose_published') }}
),

reasons as (
    select
        contract_id,
        month,
        benefit_group,
        cases_ended,
        is_suppressed
    from {{ ref('int_follow_up__count_ended_cases') }}
),

contacts as (
    select {{ month_of('starts_on') }} as month
    from {{ ref('int_activities__resolve_known') }}
    where type = 'virksomhedskontakt'
),

sum_reasons as (
    select
        contract_id,
        month,
        benefit_group,
        sum(cases_ended)::bigint as cases_ended,
        bool_or(is_suppressed) as has_hidden_reason
    from reasons
    group by
        contract_id,
        month,
        benefit_group
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
        coalesce(sum_reasons.cases_ended, 0) as cases_ended,
        coalesce(count_contacts.company_contacts, 0) as company_contacts,
        coalesce(sum_reasons.has_hidden_reason, false) as has_hidden_reason
    from months
    inner join contracts using (contract_id)
    left join register_months using (register_no, group_no, month)
    left join sum_reasons using (contract_id, month, benefit_group)
    left join count_contacts using (month)
    left join published
        on
            contracts.area = published.area
            and months.benefit_group = published.benefit_group
            and months.month = published.month
),

measured as (
    select
        *,
        case when persons > 0 then {{ fraction('company_directed', 'persons', 6) }} end
        ::decimal(9, 6) as company_directed_share
    from joined
),

flagged as (
    select
        *,
        {{ suppress_flag('persons', ['contract_id', 'month'], 'benefit_group') }} as is_suppressed
    from measured
),

final as (
    select
        contract_id,
        month,
        benefit_group,
        {{ suppress_measure('persons', ['persons']) }} as persons,
        {{ suppress_measure('fte_register') }} as fte_register,
        {{ suppress_measure('fte_published') }} as fte_published,
        {{ suppress_measure('company_directed_share', ['company_directed']) }}
            as company_directed_share,
        case
            when not has_hidden_reason
                then {{ suppress_measure('cases_ended', ['cases_ended']) }}
        end as cases_ended,
        {{ suppress_measure('company_contacts') }} as company_contacts,
        is_suppressed
    from flagged
)

select * from final
