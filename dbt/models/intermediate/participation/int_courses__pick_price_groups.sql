-- grain: one row per course with a spell of a price group on the day of referral
-- counts: the first listed price group with a spell that covers visited_on
-- rules: R2.benefit, R2.price_group
-- left out: courses that are not on benefit; the group stated by the list
with

courses as (
    select
        course_no,
        contract_no,
        register_no,
        person_no,
        visited_on
    from {{ ref('int_courses__join_terms') }}
),

terms as (
    select
        contract_no,
        contract_id,
        part_id
    from {{ ref('int_contracts__read_person_month_terms') }}
),

price_groups as (
    select
        contract_id,
        part_id,
        benefit_group,
        precedence
    from {{ ref('stg_contracts__price_groups') }}
),

groups as (
    select
        group_no,
        benefit_group
    from {{ ref('stg_benefit_codes__groups') }}
),

spells as (
    select
        register_no,
        person_no,
        group_no,
        starts_on,
        ends_before
    from {{ ref('int_spells__keep_participants') }}
),

number_price_groups as (
    select
        terms.contract_no,
        groups.group_no,
        price_groups.precedence
    from terms
    inner join price_groups
        on
            terms.contract_id = price_groups.contract_id
            and terms.part_id = price_groups.part_id
    inner join groups on price_groups.benefit_group = groups.benefit_group
),

find_first_listed as (
    select
        courses.course_no,
        courses.contract_no,
        min(number_price_groups.precedence) as precedence
    from courses
    inner join spells
        on
            courses.person_no = spells.person_no
            and courses.register_no = spells.register_no
            and courses.visited_on >= spells.starts_on
            and courses.visited_on < spells.ends_before
    inner join number_price_groups
        on
            courses.contract_no = number_price_groups.contract_no
            and spells.group_no = number_price_groups.group_no
    group by
        courses.course_no,
        courses.contract_no
),

final as (
    select
        find_first_listed.course_no,
        number_price_groups.group_no as price_group_no
    from find_first_listed
    inner join number_price_groups
        on
            find_first_listed.contract_no = number_price_groups.contract_no
            and find_first_listed.precedence = number_price_groups.precedence
)

select * from final
