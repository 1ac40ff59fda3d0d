-- grain: one row per contract, course and effort month
-- counts: claim, whether the month is payable, the rate of its price group on its first day, the
--   amount, the match of claim and register with its reason, and months without known income
-- clause: 30-rules.md §3 (claimed, payable, amount, match, is_no_income)
-- left out: claims without a known course or outside the effort months (mismatch)
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
        contract_id,
        part_id,
        course_id,
        person_no,
        price_group,
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
        month
    from {{ ref('int_claims__resolve_known') }}
    where
        is_claimed
        and course_no is not null
),

rates as (
    select
        contract_id,
        part_id,
        benefit_group,
        valid_from,
        valid_before,
        rate_dkk
    from {{ ref('stg_contracts__rates') }}
),

hours as (
    select
        person_no,
        month
    from {{ ref('int_income__sum_ordinary_hours') }}
    where hours > 0
),

income_runs as (
    select
        starts_on,
        ends_before
    from {{ ref('int_registers__find_observed_runs') }}
    where source = 'eindkomst'
),

add_claims as (
    select
        courses.contract_no,
        courses.contract_id,
        courses.part_id,
        courses.course_id,
        courses.person_no,
        person_months.month,
        courses.price_group,
        courses.eligibility,
        person_months.support_days,
        person_months.status,
        claims.course_no is not null as is_claimed,
        courses.eligibility = 'eligible' and person_months.status = 'self_supporting' as is_earned,
        rates.rate_dkk,
        person_months.status = 'self_supporting'
        and income_runs.starts_on is not null
        and hours.person_no is null as is_no_income
    from person_months
    inner join courses on person_months.course_no = courses.course_no
    left join claims
        on
            person_months.course_no = claims.course_no
            and person_months.month = claims.month
    left join rates
        on
            courses.contract_id = rates.contract_id
            and courses.part_id = rates.part_id
            and courses.price_group = rates.benefit_group
            and person_months.month >= rates.valid_from
            and (rates.valid_before is null or person_months.month < rates.valid_before)
    left join hours
        on
            courses.person_no = hours.person_no
            and person_months.month = hours.month
    left join income_runs
        on
            person_months.month >= income_runs.starts_on
            and {{ month_end('person_months.month') }} <= income_runs.ends_before
),

decide_payable as (
    select
        add_claims.*,
        add_claims.is_earned and (add_claims.is_claimed or terms.pay_on = 'register') as is_payable
    from add_claims
    inner join terms on add_claims.contract_no = terms.contract_no
),

final as (
    select
        contract_id,
        part_id,
        course_id,
        person_no,
        month,
        price_group,
        support_days,
        status,
        is_claimed,
        is_payable,
        rate_dkk,
        case when is_payable then rate_dkk else 0 end::decimal(18, 2) as amount_dkk,
        case
            when is_claimed and is_payable then 'agreed'
            when
                is_claimed
                and (
                    (eligibility = 'eligible' and status = 'not_observed')
                    or eligibility in ('register_silent', 'case_start_unknown')
                )
                then 'claimed_pending'
            when is_claimed then 'claimed_denied'
            when is_earned then 'unclaimed'
            else 'none'
        end as match,
        case when eligibility = 'eligible' then status else eligibility end as reason,
        is_no_income
    from decide_payable
)

select * from final
