{{ config(materialized='view') }}
-- grain: one row per contract, course, month and kind of mismatch
-- counts: months whose claim and register disagree; months paid without known income; the same
--     person's month earned under two contracts; courses whose stated group is not the one that
--     prices them, or whose person or referral the list has changed; claims that meet no month
-- clause: 30-rules.md §2 (stated group), §3 (match, is_no_income, claims); 50-mart.md, mismatch
-- left out: courses of which only the end or the stated group has changed (that is what lists are
--     for). A view: the restricted mart is the one place that stores the rows
with

person_months as (
    select
        contract_id,
        course_id,
        person_no,
        month,
        match,
        reason,
        rate_dkk,
        amount_dkk,
        is_no_income
    from {{ ref('int_person_months__decide_payment') }}
),

effort_months as (
    select
        course_no,
        month
    from {{ ref('int_person_months__decide_status') }}
),

courses as (
    select
        contract_id,
        part_id,
        course_id,
        person_no,
        visited_on,
        stated_group,
        price_group
    from {{ ref('int_courses__decide_eligibility') }}
),

list_rows as (
    select
        delivery_no,
        contract_id,
        course_id,
        person_no,
        visited_on
    from {{ ref('stg_deltagere__courses') }}
),

known_deliveries as (
    select delivery_no from {{ ref('stg_deliveries__known') }}
),

persons as (
    select
        person_no,
        canonical_person_no
    from {{ ref('int_persons__resolve_identity') }}
),

claims as (
    select
        contract_id,
        course_id,
        course_no,
        month
    from {{ ref('int_claims__resolve_known') }}
    where is_claimed
),

contracts as (
    select contract_id from {{ ref('stg_contracts__contracts') }}
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

unmatched_months as (
    select
        contract_id,
        course_id,
        month,
        match as kind,
        coalesce(rate_dkk, 0) as amount_dkk
    from person_months
    where match in ('claimed_denied', 'claimed_pending', 'unclaimed')
),

months_without_income as (
    select
        contract_id,
        course_id,
        month,
        'no_income' as kind,
        amount_dkk
    from person_months
    where is_no_income
),

persons_of_two_contracts as (
    select person_no
    from courses
    group by person_no
    having min(contract_id) <> max(contract_id)
),

-- `reason` is the status of an eligible course's month only
earned_months as (
    select
        person_months.contract_id,
        person_months.course_id,
        person_months.person_no,
        person_months.month,
        person_months.amount_dkk
    from person_months
    semi join persons_of_two_contracts
        on person_months.person_no = persons_of_two_contracts.person_no
    where person_months.reason = 'self_supporting'
),

months_of_two_contracts as (
    select
        contract_id,
        course_id,
        month,
        'two_contracts' as kind,
        amount_dkk
    from earned_months
    qualify
        min(contract_id) over (partition by person_no, month)
        <> max(contract_id) over (partition by person_no, month)
),

other_groups as (
    select
        contract_id,
        course_id,
        {{ month_of('visited_on') }} as month,
        'group_differs' as kind,
        0 as amount_dkk
    from courses
    where stated_group <> price_group
),

changed_courses as (
    select
        list_rows.contract_id,
        list_rows.course_id
    from list_rows
    semi join known_deliveries on list_rows.delivery_no = known_deliveries.delivery_no
    left join persons on list_rows.person_no = persons.person_no
    group by list_rows.contract_id, list_rows.course_id
    having
        min(list_rows.visited_on) <> max(list_rows.visited_on)
        or min(coalesce(persons.canonical_person_no, list_rows.person_no))
        <> max(coalesce(persons.canonical_person_no, list_rows.person_no))
),

course_amounts as (
    select
        contract_id,
        course_id,
        sum(amount_dkk) as amount_dkk
    from person_months
    where amount_dkk <> 0
    group by all
),

changed_participants as (
    select
        courses.contract_id,
        courses.course_id,
        {{ month_of('courses.visited_on') }} as month,
        'participant_changed' as kind,
        coalesce(course_amounts.amount_dkk, 0) as amount_dkk
    from courses
    inner join changed_courses
        on
            courses.contract_id = changed_courses.contract_id
            and courses.course_id = changed_courses.course_id
    left join course_amounts
        on
            courses.contract_id = course_amounts.contract_id
            and courses.course_id = course_amounts.course_id
),

claims_without_course as (
    select
        claims.contract_id,
        claims.course_id,
        claims.month,
        'claim_without_course' as kind,
        0 as amount_dkk
    from claims
    semi join contracts on claims.contract_id = contracts.contract_id
    where claims.course_no is null
),

claims_outside_effort as (
    select
        claims.contract_id,
        claims.course_id,
        claims.month
    from claims
    semi join contracts on claims.contract_id = contracts.contract_id
    anti join effort_months
        on claims.course_no = effort_months.course_no and claims.month = effort_months.month
    where claims.course_no is not null
),

priced_claims_outside_effort as (
    select
        claims_outside_effort.contract_id,
        claims_outside_effort.course_id,
        claims_outside_effort.month,
        'claim_outside_effort' as kind,
        coalesce(rates.rate_dkk, 0) as amount_dkk
    from claims_outside_effort
    left join courses
        on
            claims_outside_effort.contract_id = courses.contract_id
            and claims_outside_effort.course_id = courses.course_id
    left join rates
        on
            courses.contract_id = rates.contract_id
            and courses.part_id = rates.part_id
            and courses.price_group = rates.benefit_group
            and claims_outside_effort.month >= rates.valid_from
            and (rates.valid_before is null or claims_outside_effort.month < rates.valid_before)
),

mismatches as (
    select * from unmatched_months
    union all by name
    select * from months_without_income
    union all by name
    select * from months_of_two_contracts
    union all by name
    select * from other_groups
    union all by name
    select * from changed_participants
    union all by name
    select * from claims_without_course
    union all by name
    select * from priced_claims_outside_effort
),

final as (
    select
        contract_id,
        course_id,
        month,
        kind,
        amount_dkk::decimal(18, 2) as amount_dkk
    from mismatches
)

select * from final
