{{ config(materialized='view') }}
-- grain: one row per course and effort month
-- counts: the first status that applies: not_eligible, exited, not_observed, on_support,
--   self_supporting; a view, read once (int_person_months__decide_payable stores it)
-- rules: R3.status
-- decides: R3.status
-- left out: claims and amounts (int_person_months__price)
with

efforts as (
    select
        course_no,
        starts_on,
        ends_before
    from {{ ref('int_courses__bound_efforts') }}
),

courses as (
    select
        course_no,
        contract_no,
        eligibility,
        exit_date
    from {{ ref('int_courses__decide_eligibility') }}
),

terms as (
    select
        contract_no,
        contract_id,
        max_support_days
    from {{ ref('int_contracts__read_person_month_terms') }}
),

months as (
    select
        contract_id,
        month,
        is_observed
    from {{ ref('int_months__observe') }}
),

support_days as (
    select
        course_no,
        month,
        support_days
    from {{ ref('int_support_days__count') }}
),

list_contract_months as (
    select
        terms.contract_no,
        terms.max_support_days,
        months.month,
        {{ month_end('months.month') }} as month_ends_before,
        months.is_observed
    from terms
    inner join months on terms.contract_id = months.contract_id
),

follow_courses as (
    select
        efforts.course_no,
        efforts.starts_on,
        efforts.ends_before,
        courses.contract_no,
        courses.exit_date,
        courses.eligibility in ('eligible', 'over_quota') as is_followed
    from efforts
    inner join courses on efforts.course_no = courses.course_no
),

list_course_months as (
    select
        follow_courses.course_no,
        follow_courses.is_followed,
        list_contract_months.month,
        list_contract_months.is_observed,
        list_contract_months.max_support_days,
        coalesce(follow_courses.exit_date < list_contract_months.month_ends_before, false)
            as is_exited
    from follow_courses
    inner join list_contract_months
        on
            follow_courses.contract_no = list_contract_months.contract_no
            and follow_courses.starts_on <= list_contract_months.month
            and follow_courses.ends_before > list_contract_months.month
),

add_support_days as (
    select
        list_course_months.*,
        case
            when list_course_months.is_observed then coalesce(support_days.support_days, 0)
        end as support_days
    from list_course_months
    left join support_days
        on
            list_course_months.course_no = support_days.course_no
            and list_course_months.month = support_days.month
),

final as (
    select
        course_no,
        month,
        support_days,
        case
            when not is_followed then 'not_eligible'::{{ month_status() }}
            when is_exited then 'exited'::{{ month_status() }}
            when not is_observed then 'not_observed'::{{ month_status() }}
            when support_days > max_support_days then 'on_support'::{{ month_status() }}
            else 'self_supporting'::{{ month_status() }}
        end as status
    from add_support_days
)

select * from final
