{{ config(materialized='view') }}
-- grain: one row per contract, course and kind of mismatch of the course as a whole
-- counts: courses whose stated group is not the one that prices them, or whose person or referral
--   the list has changed
-- rules: R3.mismatch
-- left out: courses of which only the end or the stated group has changed (that is what lists are
--   for). A view, read once
with

courses as (
    select
        contract_id,
        course_id,
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

person_months as (
    select
        contract_id,
        course_id,
        amount_dkk
    from {{ ref('int_person_months__price') }}
),

other_groups as (
    select
        contract_id,
        course_id,
        {{ month_of('visited_on') }} as month,
        'group_differs' as kind,
        0::decimal(18, 2) as amount_dkk
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
        sum(amount_dkk)::decimal(18, 2) as amount_dkk
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

final as (
    select * from other_groups
    union all by name
    select * from changed_participants
)

select * from final
