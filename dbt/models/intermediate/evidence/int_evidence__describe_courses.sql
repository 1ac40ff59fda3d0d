{{ config(materialized='view') }}
-- grain: one row per contract and course
-- counts: the newest known row of the list, and what was decided of case and exit
-- rules: S.evidence
-- left out: the landed rows behind it. A view, read when the restricted mart is built
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

final as (
    select
        courses.*,
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
)

select * from final
