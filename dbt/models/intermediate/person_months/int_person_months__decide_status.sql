{{ config(materialized='view') }}
-- grain: one row per course and effort month
-- counts: the first status that applies: not_eligible, exited, not_observed, on_support,
--   self_supporting; a view, read once (int_person_months__weigh_claims stores it)
-- clause: 30-rules.md §3 (status)
-- left out: claims and amounts (int_person_months__decide_payment)
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
        contract_id,
        eligibility,
        exit_date
    from {{ ref('int_courses__decide_eligibility') }}
),

terms as (
    select
        contract_no,
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

list_course_months as (
    select
        efforts.course_no,
        months.month,
        months.is_observed,
        terms.max_support_days,
        courses.eligibility in ('eligible', 'over_quota') as is_followed,
        coalesce(courses.exit_date < {{ month_end('months.month') }}, false) as is_exited
    from efforts
    inner join courses on efforts.course_no = courses.course_no
    inner join terms on courses.contract_no = terms.contract_no
    inner join months
        on
            courses.contract_id = months.contract_id
            and efforts.starts_on <= months.month
            and efforts.ends_before > months.month
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
            when not is_followed then 'not_eligible'
            when is_exited then 'exited'
            when not is_observed then 'not_observed'
            when support_days > max_support_days then 'on_support'
            else 'self_supporting'
        end as status
    from add_support_days
)

select * from final
