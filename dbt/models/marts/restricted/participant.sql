-- grain: one row per contract with a part of kind person_months and course
-- counts: who was referred, what was decided and by which numbers
-- rules: R2.eligible, R3.exit
-- left out: the person number (pseudonymous key only)
with

courses as (
    select
        contract_id,
        course_id,
        person_no,
        visited_on,
        stated_group,
        price_group,
        case_days,
        quota_rank,
        eligibility,
        exit_date,
        exit_reason
    from {{ ref('int_courses__decide_eligibility') }}
),

persons as (
    select
        person_no,
        person_key
    from {{ ref('stg_persons__keys') }}
),

final as (
    select
        courses.contract_id,
        courses.course_id,
        persons.person_key,
        courses.visited_on,
        courses.stated_group,
        courses.price_group,
        courses.case_days::bigint as case_days,
        courses.quota_rank::bigint as quota_rank,
        courses.eligibility,
        courses.exit_date,
        courses.exit_reason
    from courses
    left join persons on courses.person_no = persons.person_no
)

select * from final
