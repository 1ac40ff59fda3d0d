{{ config(materialized='view') }}
-- grain: one row per contract, course, effort month, role and landed row (coverage: owned stretch)
-- counts: what decided the month: benefit rows that meet it, the deliveries that observed it, the
--     benefit on the day of referral and at the case's beginning, the newest claim, the newest row
--     of the list, what ended the course, wage hours
-- clause: 40-settlement.md, Evidence
-- left out: people without a course; deliveries that another has replaced. A view, read once
with

courses as (
    select
        contract_id,
        course_id,
        person_no,
        visited_on,
        stated_group,
        ended_on,
        end_reason,
        delivery_no,
        row_number
    from {{ ref('int_courses__resolve_known') }}
),

decisions as (
    select
        contract_id,
        course_id,
        case_starts_on,
        exit_date,
        exit_reason
    from {{ ref('int_courses__decide_eligibility') }}
),

person_months as (
    select
        contract_id,
        course_id,
        person_no,
        month
    from {{ ref('int_person_months__decide_payment') }}
),

contracts as (
    select
        contract_id,
        register
    from {{ ref('stg_contracts__contracts') }}
),

registers as (
    select
        register_no,
        source
    from {{ ref('stg_registers') }}
),

register_rows as (
    select
        register_no,
        person_no,
        code,
        starts_on,
        ends_before,
        delivery_no,
        row_number
    from {{ ref('int_evidence__keep_register_rows') }}
),

windows as (
    select
        source,
        delivery_no,
        starts_on,
        ends_before
    from {{ ref('int_deliveries__resolve_effective_windows') }}
),

deliveries as (
    select
        source,
        delivery_no,
        delivery_rank
    from {{ ref('stg_deliveries__known') }}
),

claims as (
    select
        contract_id,
        course_id,
        month,
        is_claimed,
        delivery_no,
        row_number
    from {{ ref('stg_resultatkrav__claims') }}
),

status_events as (
    select
        person_no,
        event,
        event_date,
        delivery_no,
        row_number
    from {{ ref('stg_personstatus__events') }}
),

codes as (
    select
        code,
        benefit_group,
        is_exit,
        exit_reason
    from {{ ref('stg_benefit_codes__codes') }}
),

-- a row of the weekly payments tells its group where others tell a code
exit_codes as (
    select
        code::varchar as code,
        exit_reason
    from codes
    where is_exit
    union all
    select
        benefit_group as code,
        min(exit_reason) as exit_reason
    from codes
    group by benefit_group
    having bool_and(is_exit)
),

wages as (
    select
        person_no,
        month,
        employment_type,
        delivery_no,
        row_number
    from {{ ref('stg_eindkomst__wages') }}
),

identities as (
    select
        person_no,
        canonical_person_no
    from {{ ref('int_persons__resolve_identity') }}
),

months as (
    select
        person_months.contract_id,
        person_months.course_id,
        person_months.person_no,
        person_months.month,
        {{ month_end('person_months.month') }} as ends_before,
        contracts.register,
        registers.register_no
    from person_months
    inner join contracts on person_months.contract_id = contracts.contract_id
    inner join registers on contracts.register = registers.source
),

spells as (
    select
        months.contract_id,
        months.course_id,
        months.month,
        'spell' as role,
        register_rows.delivery_no,
        register_rows.row_number,
        register_rows.code,
        register_rows.starts_on as first_day,
        register_rows.ends_before - 1 as last_day
    from months
    inner join register_rows
        on
            months.person_no = register_rows.person_no
            and months.register_no = register_rows.register_no
            and months.month < register_rows.ends_before
            and months.ends_before > register_rows.starts_on
),

contract_months as (
    select
        contract_id,
        register,
        month,
        ends_before
    from months
    group by all
),

covered_months as (
    select
        contract_months.contract_id,
        contract_months.month,
        windows.delivery_no,
        greatest(windows.starts_on, contract_months.month) as first_day,
        least(windows.ends_before, contract_months.ends_before) - 1 as last_day
    from contract_months
    inner join windows
        on
            contract_months.register = windows.source
            and contract_months.month < windows.ends_before
            and contract_months.ends_before > windows.starts_on
),

coverage as (
    select
        months.contract_id,
        months.course_id,
        months.month,
        'coverage' as role,
        covered_months.delivery_no,
        null::bigint as row_number,
        null::varchar as code,
        covered_months.first_day,
        covered_months.last_day
    from months
    inner join covered_months
        on
            months.contract_id = covered_months.contract_id
            and months.month = covered_months.month
),

course_facts as (
    select
        courses.*,
        contracts.register,
        registers.register_no,
        decisions.case_starts_on,
        decisions.exit_date,
        decisions.exit_reason
    from courses
    inner join contracts on courses.contract_id = contracts.contract_id
    inner join registers on contracts.register = registers.source
    left join decisions
        on
            courses.contract_id = decisions.contract_id
            and courses.course_id = decisions.course_id
),

referral_rows as (
    select
        course_facts.contract_id,
        course_facts.course_id,
        'referral_spell' as role,
        register_rows.delivery_no,
        register_rows.row_number,
        register_rows.code,
        register_rows.starts_on as first_day,
        register_rows.ends_before - 1 as last_day
    from course_facts
    inner join register_rows
        on
            course_facts.person_no = register_rows.person_no
            and course_facts.register_no = register_rows.register_no
            and (
                (
                    course_facts.visited_on >= register_rows.starts_on
                    and course_facts.visited_on < register_rows.ends_before
                )
                or (
                    course_facts.case_starts_on >= register_rows.starts_on
                    and course_facts.case_starts_on < register_rows.ends_before
                )
            )
),

participant_rows as (
    select
        contract_id,
        course_id,
        'participant' as role,
        delivery_no,
        row_number,
        stated_group as code,
        visited_on as first_day,
        ended_on as last_day
    from course_facts
),

newest_status as (
    select max_by(delivery_no, delivery_rank) as delivery_no
    from deliveries
    where source = 'personstatus'
),

status_exits as (
    select
        course_facts.contract_id,
        course_facts.course_id,
        'exit' as role,
        status_events.delivery_no,
        status_events.row_number,
        status_events.event as code,
        status_events.event_date as first_day,
        status_events.event_date as last_day
    from status_events
    inner join newest_status on status_events.delivery_no = newest_status.delivery_no
    left join identities on status_events.person_no = identities.person_no
    inner join course_facts
        on
            coalesce(identities.canonical_person_no, status_events.person_no)
            = course_facts.person_no
            and status_events.event = course_facts.exit_reason
            and status_events.event_date = course_facts.exit_date
),

stated_exits as (
    select
        contract_id,
        course_id,
        'exit' as role,
        delivery_no,
        row_number,
        end_reason as code,
        ended_on as first_day,
        ended_on as last_day
    from course_facts
    where end_reason = exit_reason and ended_on + 1 = exit_date
),

register_exits as (
    select
        course_facts.contract_id,
        course_facts.course_id,
        'exit' as role,
        register_rows.delivery_no,
        register_rows.row_number,
        register_rows.code,
        register_rows.starts_on as first_day,
        register_rows.ends_before - 1 as last_day
    from course_facts
    inner join register_rows
        on
            course_facts.person_no = register_rows.person_no
            and course_facts.register_no = register_rows.register_no
            and course_facts.exit_date >= register_rows.starts_on
            and course_facts.exit_date < register_rows.ends_before
    inner join exit_codes
        on
            register_rows.code = exit_codes.code
            and course_facts.exit_reason = exit_codes.exit_reason
),

course_rows as (
    select * from referral_rows
    union all by name
    select * from participant_rows
    union all by name
    select * from status_exits
    union all by name
    select * from stated_exits
    union all by name
    select * from register_exits
),

rows_of_courses as (
    select
        months.contract_id,
        months.course_id,
        months.month,
        course_rows.role,
        course_rows.delivery_no,
        course_rows.row_number,
        course_rows.code,
        course_rows.first_day,
        course_rows.last_day
    from months
    inner join course_rows
        on
            months.contract_id = course_rows.contract_id
            and months.course_id = course_rows.course_id
),

newest_claims as (
    select
        claims.contract_id,
        claims.course_id,
        claims.month,
        'claim' as role,
        claims.delivery_no,
        claims.row_number,
        case when claims.is_claimed then 'ja' else 'nej' end as code,
        claims.month as first_day,
        last_day(claims.month) as last_day
    from claims
    inner join deliveries on claims.delivery_no = deliveries.delivery_no
    semi join months
        on
            claims.contract_id = months.contract_id
            and claims.course_id = months.course_id
            and claims.month = months.month
    qualify
        row_number() over (
            partition by claims.contract_id, claims.course_id, claims.month
            order by deliveries.delivery_rank desc, claims.row_number asc
        ) = 1
),

income as (
    select
        months.contract_id,
        months.course_id,
        months.month,
        'income' as role,
        wages.delivery_no,
        wages.row_number,
        wages.employment_type as code,
        wages.month as first_day,
        last_day(wages.month) as last_day
    from wages
    inner join windows
        on
            wages.delivery_no = windows.delivery_no
            and wages.month >= windows.starts_on
            and wages.month < windows.ends_before
    left join identities on wages.person_no = identities.person_no
    inner join months
        on
            coalesce(identities.canonical_person_no, wages.person_no) = months.person_no
            and wages.month = months.month
),

final as (
    select * from spells
    union all by name
    select * from coverage
    union all by name
    select * from rows_of_courses
    union all by name
    select * from newest_claims
    union all by name
    select * from income
)

select * from final
