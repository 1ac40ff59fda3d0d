-- grain: one row per course and month that an upheld dispute has decided
-- counts: whether the month is paid, by the newest decision that upheld a dispute about it, and the
--   price group that the dispute recorded; course_no is null where the list has no such course
-- rules: S.decide, S.decided
-- decides: S.decided
-- left out: rejected and open disputes; whether the month is one (int_person_months__price)
with

disputes as (
    select
        contract_id,
        course_id,
        month,
        wants,
        price_group,
        amount_dkk,
        decision_no
    from {{ ref('int_disputes__resolve_known') }}
    where outcome = 'upheld'
),

courses as (
    select
        contract_id,
        course_id,
        course_no
    from {{ ref('int_courses__resolve_known') }}
),

groups as (
    select
        group_no,
        benefit_group
    from {{ ref('stg_benefit_codes__groups') }}
),

newest as (
    select *
    from disputes
    qualify
        row_number() over (
            partition by contract_id, course_id, month
            order by decision_no desc
        ) = 1
),

final as (
    select
        newest.contract_id,
        newest.course_id,
        newest.month,
        courses.course_no,
        newest.price_group,
        groups.group_no as price_group_no,
        newest.amount_dkk,
        newest.wants = 'paid' as is_paid
    from newest
    left join courses
        on
            newest.contract_id = courses.contract_id
            and newest.course_id = courses.course_id
    left join groups on newest.price_group = groups.benefit_group
)

select * from final
