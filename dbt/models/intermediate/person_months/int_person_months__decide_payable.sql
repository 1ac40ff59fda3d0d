-- grain: one row per course and effort month
-- counts: whether a claim is known and says yes, whether the month is earned, payable (claimed, or
--   paid on the register alone, and in any case as it was decided), the rate of its price group on
--   its first day, and whether income is missing where observed
-- rules: R3.claimed, R3.payable, R3.no_income, S.decided
-- decides: R3.claimed, R3.no_income
-- left out: names and the match of claim and register (int_person_months__price)
with

person_months as (
    select
        course_no,
        month,
        support_days,
        status
    from {{ ref('int_person_months__decide_status') }}
),

courses as (
    select
        course_no,
        contract_no,
        person_no,
        price_group_no,
        eligibility
    from {{ ref('int_courses__decide_eligibility') }}
),

terms as (
    select
        contract_no,
        pay_on
    from {{ ref('int_contracts__read_person_month_terms') }}
),

claims as (
    select
        course_no,
        month,
        is_claimed
    from {{ ref('int_claims__resolve_known') }}
),

rates as (
    select
        contract_no,
        price_group_no,
        month,
        rate_dkk
    from {{ ref('int_rates__spread_months') }}
),

decisions as (
    select
        course_no,
        month,
        is_paid,
        price_group_no
    from {{ ref('int_decisions__choose') }}
),

hours as (
    select
        person_no,
        month
    from {{ ref('int_income__sum_ordinary_hours') }}
    where hours > 0
),

income_months as (
    select month
    from {{ ref('int_income__observe_months') }}
),

describe_courses as (
    select
        courses.course_no,
        courses.contract_no,
        courses.person_no,
        courses.price_group_no,
        courses.eligibility = 'eligible' as is_eligible,
        terms.pay_on = 'register' as is_paid_unclaimed
    from courses
    inner join terms on courses.contract_no = terms.contract_no
),

add_claims as (
    select
        person_months.course_no,
        person_months.month,
        person_months.support_days,
        person_months.status,
        describe_courses.contract_no,
        describe_courses.person_no,
        case
            when decisions.is_paid
                then coalesce(describe_courses.price_group_no, decisions.price_group_no)
            else describe_courses.price_group_no
        end as price_group_no,
        decisions.is_paid as is_decided_paid,
        describe_courses.is_eligible,
        describe_courses.is_paid_unclaimed,
        claims.course_no is not null as is_claim_known,
        coalesce(claims.is_claimed, false) as is_claimed
    from person_months
    inner join describe_courses on person_months.course_no = describe_courses.course_no
    left join claims
        on
            person_months.course_no = claims.course_no
            and person_months.month = claims.month
    left join decisions
        on
            person_months.course_no = decisions.course_no
            and person_months.month = decisions.month
),

final as (
    select
        add_claims.course_no,
        add_claims.month,
        add_claims.support_days,
        add_claims.status,
        add_claims.is_claim_known,
        add_claims.is_claimed,
        rates.rate_dkk,
        add_claims.is_eligible and add_claims.status = 'self_supporting' as is_earned,
        coalesce(
            add_claims.is_decided_paid,
            add_claims.is_eligible
            and add_claims.status = 'self_supporting'
            and (add_claims.is_claimed or add_claims.is_paid_unclaimed)
        ) as is_payable,
        add_claims.is_decided_paid is not null as is_decided,
        add_claims.status = 'self_supporting'
        and income_months.month is not null
        and hours.person_no is null as is_no_income
    from add_claims
    left join rates
        on
            add_claims.contract_no = rates.contract_no
            and add_claims.price_group_no = rates.price_group_no
            and add_claims.month = rates.month
    left join hours
        on
            add_claims.person_no = hours.person_no
            and add_claims.month = hours.month
    left join income_months on add_claims.month = income_months.month
)

select * from final
