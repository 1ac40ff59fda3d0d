-- grain: one row per relapse part, person and employment entry that counts
-- counts: case ends followed by ordinary wage hours in the month of the entry date or the month
--   after it; taken in date order, an entry within follow_up_days after the person's last counted
--   one does not count
-- rules: R5.entry
-- decides: R5.entry
-- left out: what happened afterwards (int_relapse__follow_up_entries)
with recursive

parts as (
    select
        contract_id,
        part_id,
        follow_up_days
    from {{ ref('stg_contracts__parts') }}
    where kind = 'relapse_reduction'
),

case_ends as (
    select
        contract_id,
        part_id,
        register_no,
        register,
        person_no,
        entry_date
    from {{ ref('int_relapse__find_case_ends') }}
),

ordinary_hours as (
    select
        person_no,
        month
    from {{ ref('int_income__sum_ordinary_hours') }}
    where hours > 0
),

possible_entries as (
    select
        case_ends.contract_id,
        case_ends.part_id,
        case_ends.register_no,
        case_ends.register,
        case_ends.person_no,
        case_ends.entry_date,
        parts.follow_up_days
    from case_ends
    inner join parts using (contract_id, part_id)
    where exists (
            select 1
            from ordinary_hours
            where
                ordinary_hours.person_no = case_ends.person_no
                and ordinary_hours.month in (
                    {{ month_of('case_ends.entry_date') }},
                    {{ month_end('case_ends.entry_date') }}
                )
        )
),

counted_entries as (
    select
        contract_id,
        part_id,
        register_no,
        register,
        person_no,
        follow_up_days,
        min(entry_date) as entry_date
    from possible_entries
    group by all

    union all

    select
        counted_entries.contract_id,
        counted_entries.part_id,
        counted_entries.register_no,
        counted_entries.register,
        counted_entries.person_no,
        counted_entries.follow_up_days,
        min(possible_entries.entry_date) as entry_date
    from counted_entries
    inner join possible_entries
        on
            counted_entries.contract_id = possible_entries.contract_id
            and counted_entries.part_id = possible_entries.part_id
            and counted_entries.person_no = possible_entries.person_no
            and possible_entries.entry_date
            > counted_entries.entry_date + counted_entries.follow_up_days
    group by all
),

final as (
    select
        contract_id,
        part_id,
        register_no,
        register,
        person_no,
        entry_date,
        entry_date + follow_up_days as follow_up_date
    from counted_entries
)

select * from final
