-- grain: one row per relapse part, person and employment entry
-- counts: observed = every day from the entry to the follow-up day is observed in the register and
--   the month of the follow-up day in eindkomst; retained = ordinary wage hours in that month and
--   no public support on the follow-up day; relapsed = observed and not retained; any return =
--   public support on a day from the entry to the follow-up day
-- rules: R5.follow_up
-- left out: death, moving away and pension are relapses like any other end of employment
with

entries as (
    select
        contract_id,
        part_id,
        register_no,
        register,
        person_no,
        entry_date,
        follow_up_date
    from {{ ref('int_relapse__count_entries') }}
),

observed_runs as (
    select
        source,
        starts_on,
        ends_before
    from {{ ref('int_registers__find_observed_runs') }}
),

ordinary_hours as (
    select
        person_no,
        month
    from {{ ref('int_income__sum_ordinary_hours') }}
    where hours > 0
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

support_groups as (
    select group_no
    from {{ ref('stg_benefit_codes__groups') }}
    where is_public_support
),

support_spells as (
    select
        spells.register_no,
        spells.person_no,
        spells.starts_on,
        spells.ends_before
    from spells
    semi join support_groups on spells.group_no = support_groups.group_no
),

support_after as (
    select
        entries.contract_id,
        entries.part_id,
        entries.person_no,
        entries.entry_date,
        min(greatest(support_spells.starts_on, entries.entry_date)) as first_return_date,
        bool_or(
            support_spells.starts_on <= entries.follow_up_date
            and support_spells.ends_before > entries.follow_up_date
        ) as is_on_support_at_follow_up
    from entries
    inner join support_spells
        on
            entries.register_no = support_spells.register_no
            and entries.person_no = support_spells.person_no
            and entries.entry_date < support_spells.ends_before
    group by all
),

register_runs as (
    select
        entries.contract_id,
        entries.part_id,
        entries.person_no,
        entries.entry_date,
        max(observed_runs.ends_before) as observed_before
    from entries
    inner join observed_runs
        on
            entries.register = observed_runs.source
            and entries.entry_date >= observed_runs.starts_on
            and entries.entry_date < observed_runs.ends_before
    group by all
),

income_runs as (
    select
        starts_on,
        ends_before
    from observed_runs
    where source = 'eindkomst'
),

judged as (
    select
        entries.contract_id,
        entries.part_id,
        entries.person_no,
        entries.entry_date,
        entries.follow_up_date,
        support_after.first_return_date,
        coalesce(register_runs.observed_before, entries.entry_date) as observed_before,
        coalesce(register_runs.observed_before > entries.follow_up_date, false)
        and exists (
            select 1
            from income_runs
            where
                income_runs.starts_on <= {{ month_of('entries.follow_up_date') }}
                and income_runs.ends_before >= {{ month_end('entries.follow_up_date') }}
        ) as is_observed,
        exists(
            select 1
            from ordinary_hours
            where
                ordinary_hours.person_no = entries.person_no
                and ordinary_hours.month = {{ month_of('entries.follow_up_date') }}
        ) as has_hours_at_follow_up,
        coalesce(support_after.is_on_support_at_follow_up, false) as is_on_support_at_follow_up,
        coalesce(support_after.first_return_date <= entries.follow_up_date, false)
            as is_return_seen
    from entries
    left join support_after
        on
            entries.contract_id = support_after.contract_id
            and entries.part_id = support_after.part_id
            and entries.person_no = support_after.person_no
            and entries.entry_date = support_after.entry_date
    left join register_runs
        on
            entries.contract_id = register_runs.contract_id
            and entries.part_id = register_runs.part_id
            and entries.person_no = register_runs.person_no
            and entries.entry_date = register_runs.entry_date
),

final as (
    select
        contract_id,
        part_id,
        person_no,
        entry_date,
        follow_up_date,
        is_observed,
        case
            when is_observed then has_hours_at_follow_up and not is_on_support_at_follow_up
        end as is_retained,
        case
            when is_observed then not (has_hours_at_follow_up and not is_on_support_at_follow_up)
        end as is_relapsed,
        case when is_return_seen then true when is_observed then false end as is_any_return,
        first_return_date,
        observed_before
    from judged
)

select * from final
