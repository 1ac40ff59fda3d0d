-- grain: one row per course that ends
-- counts: the earliest of death, pension, moves after the last return before the referral, the
--   register's exit codes where none of these counts, and the day after the stated end
-- rules: R3.exit
-- decides: R3.exit
-- left out: courses without an exit; a stated end without a reason of the contract's exit_reasons
with

courses as (
    select
        course_no,
        contract_no,
        register_no,
        person_no,
        visited_on,
        ended_on,
        end_reason
    from {{ ref('int_courses__join_terms') }}
),

terms as (
    select
        contract_no,
        contract_id,
        part_id,
        is_weekly
    from {{ ref('int_contracts__read_person_month_terms') }}
),

exit_reasons as (
    select
        contract_id,
        part_id,
        reason
    from {{ ref('stg_contracts__exit_reasons') }}
),

events as (
    select
        person_no,
        event,
        event_date
    from {{ ref('int_person_events__keep_newest') }}
),

spells as (
    select
        register_no,
        person_no,
        code,
        group_no,
        starts_on,
        ends_before
    from {{ ref('int_spells__keep_participants') }}
),

exit_codes as (
    select
        code,
        group_no,
        exit_reason
    from {{ ref('int_exit_codes__list') }}
),

exit_spells as (
    select
        spells.register_no,
        spells.person_no,
        spells.starts_on,
        spells.ends_before,
        exit_codes.exit_reason
    from spells
    inner join exit_codes on spells.code = exit_codes.code
    union all
    select
        spells.register_no,
        spells.person_no,
        spells.starts_on,
        spells.ends_before,
        exit_codes.exit_reason
    from spells
    inner join exit_codes on spells.group_no = exit_codes.group_no
    where spells.code is null and exit_codes.code is null
),

find_last_returns as (
    select
        courses.course_no,
        max(events.event_date) as returned_on
    from courses
    inner join events on courses.person_no = events.person_no
    where
        events.event = 'tilflyttet'
        and events.event_date <= courses.visited_on
    group by courses.course_no
),

list_status_exits as (
    select
        courses.course_no,
        events.event_date as exit_date,
        events.event as exit_reason
    from courses
    inner join events on courses.person_no = events.person_no
    left join find_last_returns on courses.course_no = find_last_returns.course_no
    where
        events.event in ('død', 'folkepension')
        or (
            events.event in ('fraflyttet', 'udvandret')
            and (
                find_last_returns.returned_on is null
                or events.event_date > find_last_returns.returned_on
            )
        )
),

list_register_exits as (
    select
        courses.course_no,
        case
            when terms.is_weekly
                then
                    (
                        date_trunc('week', greatest(exit_spells.starts_on, courses.visited_on))
                        + interval 6 days
                    )::date
            else greatest(exit_spells.starts_on, courses.visited_on)
        end as exit_date,
        exit_spells.exit_reason
    from courses
    inner join terms on courses.contract_no = terms.contract_no
    inner join exit_spells
        on
            courses.person_no = exit_spells.person_no
            and courses.register_no = exit_spells.register_no
            and courses.visited_on < exit_spells.ends_before
    anti join list_status_exits on courses.course_no = list_status_exits.course_no
),

list_stated_exits as (
    select
        courses.course_no,
        courses.ended_on + 1 as exit_date,
        courses.end_reason as exit_reason
    from courses
    inner join terms on courses.contract_no = terms.contract_no
    inner join exit_reasons
        on
            terms.contract_id = exit_reasons.contract_id
            and terms.part_id = exit_reasons.part_id
            and courses.end_reason = exit_reasons.reason
    where courses.ended_on is not null
),

list_exits as (
    select
        *,
        1 as precedence
    from list_status_exits
    union all
    select
        *,
        2 as precedence
    from list_register_exits
    union all
    select
        *,
        3 as precedence
    from list_stated_exits
),

final as (
    select
        course_no,
        exit_date,
        exit_reason
    from list_exits
    qualify
        row_number() over (
            partition by course_no
            order by exit_date, precedence, exit_reason
        ) = 1
)

select * from final
