-- grain: one row per contract and course
-- counts: the first rule that decides; price group and case days where 1–4 did not decide, the rank
--   where 1–6 were passed, the exit for every course
-- rules: R2.eligible
-- left out: what a month earns (int_person_months__price)
with

courses as (
    select
        course_no,
        contract_id,
        course_id,
        person_no,
        visited_on,
        stated_group
    from {{ ref('int_courses__resolve_known') }}
),

referrals as (
    select
        course_no,
        contract_no,
        failed_rule,
        price_group_no,
        case_starts_on,
        case_days
    from {{ ref('int_courses__judge_referrals') }}
),

places as (
    select
        course_no,
        quota_rank
    from {{ ref('int_courses__rank_places') }}
),

exits as (
    select
        course_no,
        exit_date,
        exit_reason
    from {{ ref('int_courses__date_exits') }}
),

terms as (
    select
        contract_no,
        part_id
    from {{ ref('int_contracts__read_person_month_terms') }}
),

price_groups as (
    select
        contract_id,
        part_id,
        benefit_group,
        max_participants
    from {{ ref('stg_contracts__price_groups') }}
),

groups as (
    select
        group_no,
        benefit_group
    from {{ ref('stg_benefit_codes__groups') }}
),

final as (
    select
        courses.course_no,
        referrals.contract_no,
        courses.contract_id,
        terms.part_id,
        courses.course_id,
        courses.person_no,
        courses.visited_on,
        courses.stated_group,
        referrals.price_group_no,
        groups.benefit_group as price_group,
        referrals.case_starts_on,
        referrals.case_days,
        places.quota_rank,
        exits.exit_date,
        exits.exit_reason,
        case
            when referrals.failed_rule is not null then referrals.failed_rule
            when places.quota_rank is null then 'duplicate_person'
            when places.quota_rank > price_groups.max_participants then 'over_quota'
            else 'eligible'
        end as eligibility
    from courses
    inner join referrals on courses.course_no = referrals.course_no
    inner join terms on referrals.contract_no = terms.contract_no
    left join groups on referrals.price_group_no = groups.group_no
    left join price_groups
        on
            courses.contract_id = price_groups.contract_id
            and terms.part_id = price_groups.part_id
            and groups.benefit_group = price_groups.benefit_group
    left join places on courses.course_no = places.course_no
    left join exits on courses.course_no = exits.course_no
)

select * from final
