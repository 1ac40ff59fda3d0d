-- grain: one row per contract, followed benefit group and case that ended
-- counts: one reason for each: the result of the nearest concluded course, else the benefit group
--   of the first day of support of any kind within end_window_days days, else a job with ordinary
--   wage hours in the following month, else unstated
-- rules: R6.ended, R6.reason
-- left out: which cases have ended (int_follow_up__find_ended_cases)
with

ended as (
    select
        contract_id,
        benefit_group,
        register_no,
        end_window_days,
        person_no,
        ended_on
    from {{ ref('int_follow_up__find_ended_cases') }}
),

benefit_groups as (
    select
        group_no,
        benefit_group
    from {{ ref('stg_benefit_codes__groups') }}
),

concluded_courses as (
    select
        person_no,
        activity_id,
        starts_on,
        result
    from {{ ref('int_activities__resolve_known') }}
    where type = 'afsluttet forløb' and result is not null
),

spells as (
    select
        register_no,
        person_no,
        group_no,
        starts_on,
        ends_before
    from {{ ref('int_spells__clip_to_windows') }}
),

ordinary_hours as (
    select
        person_no,
        month
    from {{ ref('int_income__sum_ordinary_hours') }}
    where hours > 0
),

stated_results as (
    select
        ended.contract_id,
        ended.benefit_group,
        ended.person_no,
        ended.ended_on,
        concluded_courses.result,
        row_number() over (
            partition by
                ended.contract_id, ended.benefit_group, ended.person_no, ended.ended_on
            order by
                abs(concluded_courses.starts_on - ended.ended_on),
                concluded_courses.starts_on,
                concluded_courses.activity_id
        ) as nearness
    from ended
    inner join concluded_courses
        on
            ended.person_no = concluded_courses.person_no
            and abs(concluded_courses.starts_on - ended.ended_on) <= ended.end_window_days
),

next_benefits as (
    select
        ended.contract_id,
        ended.benefit_group,
        ended.person_no,
        ended.ended_on,
        benefit_groups.benefit_group as next_benefit_group,
        row_number() over (
            partition by
                ended.contract_id, ended.benefit_group, ended.person_no, ended.ended_on
            order by
                greatest(spells.starts_on, ended.ended_on + 1),
                benefit_groups.benefit_group,
                spells.starts_on,
                spells.ends_before
        ) as nearness
    from ended
    inner join spells
        on
            ended.register_no = spells.register_no
            and ended.person_no = spells.person_no
            and ended.ended_on + ended.end_window_days >= spells.starts_on
            and ended.ended_on + 1 < spells.ends_before
    inner join benefit_groups on spells.group_no = benefit_groups.group_no
),

final as (
    select
        ended.contract_id,
        {{ month_of('ended.ended_on') }} as month,
        ended.benefit_group,
        ended.person_no,
        ended.ended_on,
        coalesce(
            stated_results.result,
            next_benefits.next_benefit_group,
            case when ordinary_hours.person_no is not null then 'job' end,
            'uoplyst'
        ) as reason
    from ended
    left join stated_results
        on
            ended.contract_id = stated_results.contract_id
            and ended.benefit_group = stated_results.benefit_group
            and ended.person_no = stated_results.person_no
            and ended.ended_on = stated_results.ended_on
            and stated_results.nearness = 1
    left join next_benefits
        on
            ended.contract_id = next_benefits.contract_id
            and ended.benefit_group = next_benefits.benefit_group
            and ended.person_no = next_benefits.person_no
            and ended.ended_on = next_benefits.ended_on
            and next_benefits.nearness = 1
    left join ordinary_hours
        on
            ended.person_no = ordinary_hours.person_no
            and ordinary_hours.month = {{ month_end('ended.ended_on') }}
)

select * from final
