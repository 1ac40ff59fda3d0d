-- grain: one row per register, group and month from the first to the last observed day
-- counts: benefit days of all persons, in ten-thousandths of a day, and the full-time persons they
--   make; fte is null unless all days of the month are observed
-- rules: R1.register_fte
-- decides: R1.register_fte
-- left out: the published statistic (int_fte__choose_published)
with

registers as (
    select
        register_no,
        source
    from {{ ref('stg_registers') }}
),

groups as (
    select group_no
    from {{ ref('stg_benefit_codes__groups') }}
),

runs as (
    select
        source,
        starts_on,
        ends_before
    from {{ ref('int_registers__find_observed_runs') }}
),

changes as (
    select
        register_no,
        group_no,
        day,
        change_parts
    from {{ ref('int_fte__list_share_changes') }}
),

bound_registers as (
    select
        source,
        min(starts_on) as starts_on,
        max(ends_before) as ends_before
    from runs
    group by source
),

list_months as (
    select
        registers.register_no,
        bound_registers.source,
        unnest(
            generate_series(
                {{ month_of('bound_registers.starts_on') }},
                {{ month_of('bound_registers.ends_before - 1') }},
                interval 1 month
            )
        )::date as month
    from registers
    inner join bound_registers on registers.source = bound_registers.source
),

judge_months as (
    select
        list_months.register_no,
        list_months.month,
        {{ month_end('list_months.month') }} as month_ends_before,
        runs.source is not null as is_observed
    from list_months
    left join runs
        on
            list_months.source = runs.source
            and list_months.month >= runs.starts_on
            and {{ month_end('list_months.month') }} <= runs.ends_before
),

sum_changes as (
    select
        register_no,
        group_no,
        {{ month_of('day') }} as month,
        sum(change_parts) as change_parts,
        sum(change_parts * ({{ month_end('day') }} - day)) as changed_day_parts
    from changes
    group by
        register_no,
        group_no,
        {{ month_of('day') }}
),

spread_over_months as (
    select
        judge_months.register_no,
        groups.group_no,
        judge_months.month,
        judge_months.is_observed,
        judge_months.month_ends_before - judge_months.month as days_in_month,
        coalesce(sum_changes.change_parts, 0)::hugeint as change_parts,
        coalesce(sum_changes.changed_day_parts, 0)::hugeint as changed_day_parts
    from judge_months
    cross join groups
    left join sum_changes
        on
            judge_months.register_no = sum_changes.register_no
            and groups.group_no = sum_changes.group_no
            and judge_months.month = sum_changes.month
),

carry_over as (
    select
        *,
        coalesce(
            sum(change_parts) over (
                partition by register_no, group_no
                order by month
                rows between unbounded preceding and 1 preceding
            ),
            0
        )::hugeint as carried_parts
    from spread_over_months
),

sum_days as (
    select
        register_no,
        group_no,
        month,
        days_in_month,
        is_observed,
        carried_parts * days_in_month + changed_day_parts as benefit_day_parts
    from carry_over
),

final as (
    select
        register_no,
        group_no,
        month,
        benefit_day_parts::hugeint as benefit_day_parts,
        days_in_month::integer as days_in_month,
        is_observed,
        case
            when is_observed
                then {{ to_fte(div_round('benefit_day_parts', 'days_in_month')) }}
        end as fte
    from sum_days
)

select * from final
