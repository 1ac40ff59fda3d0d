{{ config(materialized='view') }}
-- grain: one row per landed row (weekly payments: per person, week and group) and owned stretch
-- counts: rows of all three registers, clipped to the days that their delivery owns; a row that is
--   still running reaches to the end of its window; is_alone is true where no other row of the
--   person has a day in the months that it touches (marked at load; null or false where that is not
--   known)
-- rules: R1.spells, I.window
-- left out: rows on days that a newer delivery owns; codes that no group has (gate 20). A view:
--   writing a whole register costs several times what clipping it again does
with

registers as (
    select
        register_no,
        source
    from {{ ref('stg_registers') }}
),

effective_windows as (
    select
        delivery_no,
        source,
        starts_on,
        ends_before,
        earlier_ends_before,
        later_starts_on
    from {{ ref('int_deliveries__resolve_effective_windows') }}
),

replaced_numbers as (
    select
        person_no,
        canonical_person_no
    from {{ ref('int_persons__resolve_identity') }}
),

codes as (
    select
        code,
        group_no
    from {{ ref('stg_benefit_codes__codes') }}
),

groups as (
    select
        group_no,
        benefit_group
    from {{ ref('stg_benefit_codes__groups') }}
),

dated_rows as (
    select
        person_no,
        code,
        starts_on,
        ends_before,
        share,
        is_alone,
        delivery_no
    from {{ ref('stg_ydelsesforloeb__spells') }}
),

weekly_runs as (
    select
        person_no,
        code,
        starts_on,
        ends_before,
        delivery_no
    from {{ ref('stg_dream__runs') }}
),

paid_weeks as (
    select
        person_no,
        benefit_group,
        starts_on,
        ends_before,
        delivery_no
    from {{ ref('int_payments__sum_weeks') }}
),

-- everybody who came under more than one number, by each of the numbers
persons as (
    select
        person_no,
        canonical_person_no
    from replaced_numbers
    union
    select
        canonical_person_no as person_no,
        canonical_person_no
    from replaced_numbers
),

-- in a month that two deliveries share no mark counts: each rests on the rows of one delivery
windows as (
    select
        registers.register_no,
        effective_windows.delivery_no,
        effective_windows.starts_on,
        effective_windows.ends_before,
        case
            when
                effective_windows.earlier_ends_before
                > {{ month_of('effective_windows.starts_on') }}
                then {{ month_end('effective_windows.starts_on') }}
            else effective_windows.starts_on
        end as told_from,
        case
            when
                effective_windows.later_starts_on
                < {{ month_end('effective_windows.ends_before - 1') }}
                then {{ month_of('effective_windows.ends_before - 1') }}
            else effective_windows.ends_before
        end as told_before
    from effective_windows
    inner join registers on effective_windows.source = registers.source
),

list_rows as (
    select
        dated_rows.person_no,
        dated_rows.code,
        codes.group_no,
        dated_rows.starts_on,
        dated_rows.ends_before,
        dated_rows.share,
        dated_rows.is_alone,
        dated_rows.delivery_no
    from dated_rows
    inner join codes on dated_rows.code = codes.code
    union all
    select
        weekly_runs.person_no,
        weekly_runs.code,
        codes.group_no,
        weekly_runs.starts_on,
        weekly_runs.ends_before,
        1 as share,
        false as is_alone,
        weekly_runs.delivery_no
    from weekly_runs
    inner join codes on weekly_runs.code = codes.code
    union all
    select
        paid_weeks.person_no,
        null as code,
        groups.group_no,
        paid_weeks.starts_on,
        paid_weeks.ends_before,
        1 as share,
        false as is_alone,
        paid_weeks.delivery_no
    from paid_weeks
    inner join groups on paid_weeks.benefit_group = groups.benefit_group
),

-- Every row meets every stretch of its delivery; pairs without a common day are dropped below by a
-- difference of days. As bounds of the join they make the planner expect hardly a row and build its
-- hash table on the register.
clip_rows as (
    select
        windows.register_no,
        list_rows.code::smallint as code,
        list_rows.group_no,
        list_rows.share::decimal(5, 4) as share,
        list_rows.starts_on as row_starts_on,
        list_rows.delivery_no,
        windows.told_from,
        windows.told_before,
        list_rows.is_alone and persons.person_no is null as is_alone_in_delivery,
        coalesce(persons.canonical_person_no, list_rows.person_no) as person_no,
        greatest(list_rows.starts_on, windows.starts_on) as starts_on,
        case
            when list_rows.ends_before < windows.ends_before then list_rows.ends_before
            else windows.ends_before
        end as ends_before
    from list_rows
    inner join windows on list_rows.delivery_no = windows.delivery_no
    left join persons on list_rows.person_no = persons.person_no
),

final as (
    select
        register_no,
        code,
        group_no,
        share,
        row_starts_on,
        delivery_no,
        person_no,
        starts_on,
        ends_before,
        is_alone_in_delivery and starts_on >= told_from and ends_before <= told_before as is_alone
    from clip_rows
    where ends_before - starts_on > 0
)

select * from final
