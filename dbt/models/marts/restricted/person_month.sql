-- grain: one row per contract, course and effort month
-- counts: support days, status, claim, payment and how claim and register agree
-- rules: R3.status, R3.amount
-- left out: nothing; a contract that is tracked only has no period
with

person_months as (
    select
        contract_id,
        course_id,
        month,
        price_group,
        support_days,
        status,
        is_claimed,
        is_payable,
        rate_dkk,
        amount_dkk,
        match,
        reason,
        is_no_income
    from {{ ref('int_person_months__price') }}
),

months as (
    select
        contract_id,
        month,
        period_start
    from {{ ref('int_periods__spread_months') }}
),

final as (
    select
        person_months.contract_id,
        person_months.course_id,
        person_months.month,
        months.period_start,
        person_months.price_group,
        person_months.support_days::bigint as support_days,
        person_months.status,
        person_months.is_claimed,
        person_months.is_payable,
        person_months.rate_dkk,
        person_months.amount_dkk,
        person_months.match,
        person_months.reason,
        person_months.is_no_income
    from person_months
    left join months
        on
            person_months.contract_id = months.contract_id
            and person_months.month = months.month
)

select * from final
