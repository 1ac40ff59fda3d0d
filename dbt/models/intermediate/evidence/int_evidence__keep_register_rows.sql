{{ config(materialized='view') }}
-- grain: one row per landed register row of a participant and stretch of days its delivery owns
-- counts: rows of all three registers, clipped as the rules clip them, of people with a course only
-- rules: S.evidence, I.window
-- left out: everybody without a course. Weekly payments show every row, not their sum. A view, read
--   once when the restricted mart is built
with

registers as (
    select
        register_no,
        source
    from {{ ref('stg_registers') }}
),

windows as (
    select
        delivery_no,
        source,
        starts_on,
        ends_before
    from {{ ref('int_deliveries__resolve_effective_windows') }}
),

courses as (
    select person_no
    from {{ ref('int_courses__resolve_known') }}
),

identities as (
    select
        person_no,
        canonical_person_no
    from {{ ref('int_persons__resolve_identity') }}
),

dated_rows as (
    select
        person_no,
        code,
        starts_on,
        ends_before,
        delivery_no,
        row_number
    from {{ ref('stg_ydelsesforloeb__spells') }}
),

weekly_runs as (
    select
        person_no,
        code,
        starts_on,
        ends_before,
        delivery_no,
        row_number
    from {{ ref('stg_dream__runs') }}
),

weekly_payments as (
    select
        person_no,
        benefit_group,
        starts_on,
        ends_before,
        delivery_no,
        row_number
    from {{ ref('stg_ydelsesrefusion__payments') }}
),

-- every number that a participant has had, and the newest one
participants as (
    select
        person_no,
        person_no as canonical_person_no
    from courses
    union
    select
        identities.person_no,
        identities.canonical_person_no
    from identities
    semi join courses on identities.canonical_person_no = courses.person_no
),

landed_rows as (
    select
        dated_rows.person_no,
        dated_rows.code::varchar as code,
        dated_rows.starts_on,
        dated_rows.ends_before,
        dated_rows.delivery_no,
        dated_rows.row_number
    from dated_rows
    semi join participants on dated_rows.person_no = participants.person_no
    union all
    select
        weekly_runs.person_no,
        weekly_runs.code::varchar as code,
        weekly_runs.starts_on,
        weekly_runs.ends_before,
        weekly_runs.delivery_no,
        weekly_runs.row_number
    from weekly_runs
    semi join participants on weekly_runs.person_no = participants.person_no
    union all
    select
        weekly_payments.person_no,
        weekly_payments.benefit_group as code,
        weekly_payments.starts_on,
        weekly_payments.ends_before,
        weekly_payments.delivery_no,
        weekly_payments.row_number
    from weekly_payments
    semi join participants on weekly_payments.person_no = participants.person_no
),

final as (
    select
        registers.register_no,
        participants.canonical_person_no as person_no,
        landed_rows.code,
        landed_rows.delivery_no,
        landed_rows.row_number,
        greatest(landed_rows.starts_on, windows.starts_on) as starts_on,
        least(coalesce(landed_rows.ends_before, windows.ends_before), windows.ends_before)
            as ends_before
    from landed_rows
    inner join participants on landed_rows.person_no = participants.person_no
    inner join windows
        on
            landed_rows.delivery_no = windows.delivery_no
            and landed_rows.starts_on < windows.ends_before
            and coalesce(landed_rows.ends_before, windows.ends_before) > windows.starts_on
    inner join registers on windows.source = registers.source
)

select * from final
