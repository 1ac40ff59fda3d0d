-- grain: one row per relapse part, person and day on which a case over the target groups ended
-- counts: the end of a spell of a target group that no other spell of these groups of the person
--   carries on (none that reaches beyond it starts within case_max_gap_days after it), whose
--   following case_max_gap_days days are all observed, and whose entry date lies in the entry
--   months; with match_group only where the code of the case's last day has it
-- clause: 30-rules.md §5, employment entry (the case's end)
-- left out: wage hours and repeated entries, which later models judge. Spells are not merged first:
--   what ends inside a case is carried on by the row that goes on, and the rows that end with a
--   case are those of its last day
with

parts as (
    select
        parts.contract_id,
        parts.part_id,
        parts.case_max_gap_days,
        parts.match_group,
        parts.entries_first_month as first_entry_on,
        {{ month_end('parts.entries_last_month') }} as entries_end_before,
        registers.register_no,
        contracts.register
    from {{ ref('stg_contracts__parts') }} as parts
    inner join {{ ref('stg_contracts__contracts') }} as contracts using (contract_id)
    inner join {{ ref('stg_registers') }} as registers on contracts.register = registers.source
    where parts.kind = 'relapse_reduction'
),

target_groups as (
    select
        parts.*,
        benefit_groups.group_no
    from parts
    inner join {{ ref('stg_contracts__case_groups') }} using (contract_id, part_id)
    inner join {{ ref('stg_benefit_codes__groups') }} as benefit_groups using (benefit_group)
),

codes as (
    select
        code,
        match_group
    from {{ ref('stg_benefit_codes__codes') }}
),

observed_runs as (
    select
        source,
        starts_on,
        ends_before
    from {{ ref('int_registers__find_observed_runs') }}
),

-- what can end a case in the entry months, or carry it on
target_spells as (
    select
        target_groups.contract_id,
        target_groups.part_id,
        spells.person_no,
        spells.starts_on,
        spells.ends_before,
        target_groups.match_group is null
        or coalesce(codes.match_group = target_groups.match_group, false) as is_matching
    from {{ ref('int_spells__clip_to_windows') }} as spells
    inner join target_groups
        on
            spells.register_no = target_groups.register_no
            and spells.group_no = target_groups.group_no
            and spells.ends_before >= target_groups.first_entry_on
            and spells.starts_on - target_groups.case_max_gap_days
            < target_groups.entries_end_before
    left join codes on spells.code = codes.code
),

possible_ends as (
    select distinct
        parts.contract_id,
        parts.part_id,
        parts.register_no,
        parts.register,
        parts.case_max_gap_days,
        target_spells.person_no,
        target_spells.ends_before as entry_date
    from target_spells
    inner join parts
        on
            target_spells.contract_id = parts.contract_id
            and target_spells.part_id = parts.part_id
            and target_spells.ends_before < parts.entries_end_before
    where target_spells.is_matching
),

final as (
    select
        possible_ends.contract_id,
        possible_ends.part_id,
        possible_ends.register_no,
        possible_ends.register,
        possible_ends.person_no,
        possible_ends.entry_date
    from possible_ends
    anti join target_spells
        on
            possible_ends.contract_id = target_spells.contract_id
            and possible_ends.part_id = target_spells.part_id
            and possible_ends.person_no = target_spells.person_no
            and possible_ends.entry_date < target_spells.ends_before
            and target_spells.starts_on - possible_ends.case_max_gap_days
            <= possible_ends.entry_date
    where
        possible_ends.case_max_gap_days = 0
        or exists (
            select 1
            from observed_runs
            where
                observed_runs.source = possible_ends.register
                and observed_runs.starts_on <= possible_ends.entry_date
                and observed_runs.ends_before
                >= possible_ends.entry_date + possible_ends.case_max_gap_days
        )
)

select * from final
