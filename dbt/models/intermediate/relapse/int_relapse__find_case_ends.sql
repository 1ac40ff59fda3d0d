-- grain: one row per relapse part, person and day on which a case over the target groups ended
-- counts: a merged spell of a target group that no other spell of these groups of the person
--   carries on
--   (none starts within case_max_gap_days after its end, or reaches beyond it), whose following
--   case_max_gap_days days are all observed, and whose entry date lies in the entry months;
--   with match_group only where the code of the case's last day has it
-- clause: 30-rules.md §5, employment entry (the case's end)
-- left out: wage hours and repeated entries, which later models judge
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
        case_groups.contract_id,
        case_groups.part_id,
        benefit_groups.group_no
    from {{ ref('stg_contracts__case_groups') }} as case_groups
    inner join {{ ref('stg_benefit_codes__groups') }} as benefit_groups using (benefit_group)
),

merged_spells as (
    select
        register_no,
        person_no,
        group_no,
        starts_on,
        ends_before
    from {{ ref('int_spells__merge_by_group') }}
),

observed_runs as (
    select
        source,
        starts_on,
        ends_before
    from {{ ref('int_registers__find_observed_runs') }}
),

-- the rows that can name the code of a case's last day
coded_spells as (
    select
        parts.contract_id,
        parts.part_id,
        spells.person_no,
        spells.starts_on,
        spells.ends_before
    from {{ ref('int_spells__clip_to_windows') }} as spells
    inner join {{ ref('stg_benefit_codes__codes') }} as codes using (code)
    inner join parts
        on
            spells.register_no = parts.register_no
            and codes.match_group = parts.match_group
            and spells.starts_on < parts.entries_end_before
            and spells.ends_before >= parts.first_entry_on
    inner join target_groups
        on
            parts.contract_id = target_groups.contract_id
            and parts.part_id = target_groups.part_id
            and spells.group_no = target_groups.group_no
),

candidate_ends as (
    select
        parts.contract_id,
        parts.part_id,
        parts.register_no,
        parts.register,
        parts.case_max_gap_days,
        parts.match_group,
        merged_spells.person_no,
        merged_spells.ends_before as entry_date
    from parts
    inner join target_groups
        on
            parts.contract_id = target_groups.contract_id
            and parts.part_id = target_groups.part_id
    inner join merged_spells
        on
            parts.register_no = merged_spells.register_no
            and target_groups.group_no = merged_spells.group_no
            and parts.first_entry_on <= merged_spells.ends_before
            and parts.entries_end_before > merged_spells.ends_before
    group by all
),

matching_ends as (
    select
        contract_id,
        part_id,
        register_no,
        register,
        case_max_gap_days,
        person_no,
        entry_date
    from candidate_ends
    where match_group is null
    union all
    select
        candidate_ends.contract_id,
        candidate_ends.part_id,
        candidate_ends.register_no,
        candidate_ends.register,
        candidate_ends.case_max_gap_days,
        candidate_ends.person_no,
        candidate_ends.entry_date
    from candidate_ends
    semi join coded_spells
        on
            candidate_ends.contract_id = coded_spells.contract_id
            and candidate_ends.part_id = coded_spells.part_id
            and candidate_ends.person_no = coded_spells.person_no
            and candidate_ends.entry_date > coded_spells.starts_on
            and candidate_ends.entry_date <= coded_spells.ends_before
),

-- the spells that can carry a case on
later_spells as (
    select
        parts.contract_id,
        parts.part_id,
        merged_spells.person_no,
        merged_spells.starts_on,
        merged_spells.ends_before
    from merged_spells
    inner join parts
        on
            merged_spells.register_no = parts.register_no
            and merged_spells.ends_before > parts.first_entry_on
            and merged_spells.starts_on < parts.entries_end_before + parts.case_max_gap_days
    inner join target_groups
        on
            parts.contract_id = target_groups.contract_id
            and parts.part_id = target_groups.part_id
            and merged_spells.group_no = target_groups.group_no
),

final as (
    select
        matching_ends.contract_id,
        matching_ends.part_id,
        matching_ends.register_no,
        matching_ends.register,
        matching_ends.person_no,
        matching_ends.entry_date
    from matching_ends
    anti join later_spells
        on
            matching_ends.contract_id = later_spells.contract_id
            and matching_ends.part_id = later_spells.part_id
            and matching_ends.person_no = later_spells.person_no
            and matching_ends.entry_date < later_spells.ends_before
            and later_spells.starts_on <= matching_ends.entry_date + matching_ends.case_max_gap_days
    where
        matching_ends.case_max_gap_days = 0
        or exists (
            select 1
            from observed_runs
            where
                observed_runs.source = matching_ends.register
                and observed_runs.starts_on <= matching_ends.entry_date
                and observed_runs.ends_before
                >= matching_ends.entry_date + matching_ends.case_max_gap_days
        )
)

select * from final
