-- grain: one row per contract, price group, number of the effort month and month
-- counts: effort months of eligible courses: the open ones and those of them whose course's latest
--     observed month is self-supporting; what is observed; the earned ones without a known claim,
--     and those with one that says no
-- rules: S.open_months, S.assumed_claims, S.share
-- decides: S.open_months, S.assumed_claims
-- left out: months that a decision has settled, which book it in every scenario; they are observed
--     like any other
with

courses as (
    select
        course_no,
        contract_id,
        part_id,
        price_group,
        visited_on
    from {{ ref('int_courses__decide_eligibility') }}
    where eligibility = 'eligible'
),

person_months as (
    select
        course_no,
        month,
        status,
        support_days,
        rate_dkk,
        is_decided,
        is_claim_known,
        is_earned and not is_payable and not is_decided as is_unclaimed
    from {{ ref('int_person_months__decide_payable') }}
),

latest_months as (
    select
        course_no,
        arg_max(status, month) = 'self_supporting' as is_self_supporting
    from person_months
    where support_days is not null
    group by course_no
),

judged as (
    select
        courses.contract_id,
        courses.part_id,
        courses.price_group,
        person_months.month,
        person_months.status,
        person_months.rate_dkk,
        date_diff('month', courses.visited_on, person_months.month) as effort_month,
        person_months.status = 'not_observed' and not person_months.is_decided as is_open,
        person_months.is_unclaimed,
        person_months.is_claim_known,
        coalesce(latest_months.is_self_supporting, false) as goes_on_paid
    from person_months
    inner join courses on person_months.course_no = courses.course_no
    left join latest_months on person_months.course_no = latest_months.course_no
    where person_months.status in ('not_observed', 'on_support', 'self_supporting')
),

final as (
    select
        contract_id,
        part_id,
        price_group,
        effort_month,
        month,
        max(rate_dkk) as rate_dkk,
        count(*) filter (where is_open) as open_months,
        count(*) filter (where is_open and goes_on_paid) as open_months_going_on_paid,
        count(*) filter (where is_unclaimed and not is_claim_known) as unclaimed_months,
        count(*) filter (where is_unclaimed and is_claim_known) as denied_months,
        count(*) filter (where status = 'self_supporting') as self_supporting_months,
        count(*) filter (where status <> 'not_observed') as observed_months
    from judged
    group by
        contract_id,
        part_id,
        price_group,
        effort_month,
        month
)

select * from final
