-- grain: one row per eligible course and closed period with a month of self-support or support
-- counts: its months of either, for the achieved share
-- rules: R3.achieved
-- left out: months that are not observed, and courses that are not eligible: they achieve nothing
with

months as (
    select
        contract_id,
        month,
        period_start
    from {{ ref('int_periods__spread_months') }}
    where is_closed
),

outcomes as (
    select
        course_no,
        month,
        status
    from {{ ref('int_person_months__decide_payable') }}
    where status in ('self_supporting', 'on_support')
),

eligible_courses as (
    select
        course_no,
        contract_id,
        part_id,
        person_no,
        price_group
    from {{ ref('int_courses__decide_eligibility') }}
    where eligibility = 'eligible'
),

-- by number first, names afterwards: a course's months of a period are one row
course_outcomes as (
    select
        outcomes.course_no,
        months.period_start,
        count(*) filter (where outcomes.status = 'self_supporting') as self_supporting_months,
        count(*) filter (where outcomes.status = 'on_support') as on_support_months
    from outcomes
    inner join eligible_courses on outcomes.course_no = eligible_courses.course_no
    inner join months
        on
            eligible_courses.contract_id = months.contract_id
            and outcomes.month = months.month
    group by
        outcomes.course_no,
        months.period_start
),

final as (
    select
        eligible_courses.contract_id,
        course_outcomes.period_start,
        eligible_courses.part_id,
        eligible_courses.price_group,
        eligible_courses.person_no,
        course_outcomes.self_supporting_months,
        course_outcomes.on_support_months
    from course_outcomes
    inner join eligible_courses on course_outcomes.course_no = eligible_courses.course_no
)

select * from final
