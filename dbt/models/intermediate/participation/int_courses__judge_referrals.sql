-- grain: one row per course
-- counts: the first of rules 1–5 that a course fails; null where it passes them all
-- rules: R2.term, R2.exited, R2.silent, R2.benefit, R2.case_length
-- decides: R2.benefit, R2.case_length
-- left out: duplicates and places (int_courses__find_duplicates, int_courses__rank_places)
with

courses as (
    select
        course_no,
        contract_no,
        person_no,
        visited_on,
        is_approved
    from {{ ref('int_courses__join_terms') }}
),

terms as (
    select
        contract_no,
        register,
        starts_on,
        ends_on,
        min_case_days
    from {{ ref('int_contracts__read_person_month_terms') }}
),

exits as (
    select
        course_no,
        exit_date
    from {{ ref('int_courses__date_exits') }}
),

runs as (
    select
        source,
        starts_on,
        ends_before
    from {{ ref('int_registers__find_observed_runs') }}
),

price_groups as (
    select
        course_no,
        price_group_no
    from {{ ref('int_courses__pick_price_groups') }}
),

cases as (
    select
        course_no,
        case_starts_on,
        case_days,
        is_start_known
    from {{ ref('int_cases__date_starts') }}
),

apply_rules as (
    select
        courses.course_no,
        courses.contract_no,
        courses.person_no,
        courses.visited_on,
        courses.is_approved,
        price_groups.price_group_no,
        cases.case_starts_on,
        cases.case_days,
        case
            when courses.visited_on < terms.starts_on or courses.visited_on > terms.ends_on
                then 'outside_term'
            when exits.exit_date <= courses.visited_on then 'exited_before_referral'
            when runs.source is null then 'register_silent'
            when price_groups.price_group_no is null then 'not_on_benefit'
            when cases.case_days > terms.min_case_days then null
            when cases.is_start_known then 'case_too_short'
            else 'case_start_unknown'
        end as failed_rule
    from courses
    inner join terms on courses.contract_no = terms.contract_no
    left join exits on courses.course_no = exits.course_no
    left join runs
        on
            terms.register = runs.source
            and courses.visited_on >= runs.starts_on
            and courses.visited_on < runs.ends_before
    left join price_groups on courses.course_no = price_groups.course_no
    left join cases on courses.course_no = cases.course_no
),

mark_priced as (
    select
        *,
        coalesce(failed_rule in ('case_too_short', 'case_start_unknown'), true) as is_priced
    from apply_rules
),

final as (
    select
        course_no,
        contract_no,
        person_no,
        visited_on,
        is_approved,
        failed_rule,
        case when is_priced then price_group_no end as price_group_no,
        case when is_priced then case_starts_on end as case_starts_on,
        case when is_priced then case_days end as case_days
    from mark_priced
)

select * from final
