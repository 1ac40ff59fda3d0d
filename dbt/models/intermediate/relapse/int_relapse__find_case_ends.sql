-- grain: one row per relapse part, person and day on which a case over the target groups ended
-- counts: the end of a spell of a target group that no other spell of these groups of the person
--   carries on (none that reaches beyond it starts within case_max_gap_days after it), whose
--   following case_max_gap_days days are all observed, and whose entry date lies in the entry
--   months; with match_group only where the code of the case's last day has it
-- rules: R5.entry
-- left out: wage hours and repeated entries, which later models judge. Spells are not merged first:
--   what ends inside a case is carried on by the row that goes on, and the rows that end with a
--   case are those of its last day
with

parts as (
    select
        contract_id,
        part_id,
        case_max_gap_days,
        match_group,
        entries_first_month as first_entry_on,
        {{ month_end('entries_last_month') }} as entries_end_before
    from {{ ref('stg_contracts__parts') }}
    where kind = 'relapse_reduction'
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

case_groups as (
    select
        contract_id,
        part_id,
        benefit_group
    from {{ ref('stg_contracts__case_groups') }}
),

groups as (
    select
        group_no,
        benefit_group
    from {{ ref('stg_benefit_codes__groups') }}
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

spells as (
    select
        register_no,
        person_no,
        code,
        group_no,
        starts_on,
        ends_before
    from {{ ref('int_spells__clip_to_windows') }}
),

target_groups as (
    select
        parts.*,
        contracts.register,
        registers.register_no,
        groups.group_no
    from parts
    inner join contracts on parts.contract_id = contracts.contract_id
    inner join registers on contracts.register = registers.source
    inner join case_groups
        on
            parts.contract_id = case_groups.contract_id
            and parts.part_id = case_groups.part_id
    inner join groups on case_groups.benefit_group = groups.benefit_group
),

-- what can end a case in the entry months, or carry it on
target_spells as (
    select
        target_groups.contract_id,
        target_groups.part_id,
        target_groups.register_no,
        target_groups.register,
        target_groups.case_max_gap_days,
        target_groups.entries_end_before,
        spells.person_no,
        spells.starts_on,
        spells.ends_before,
        target_groups.match_group is null
        or coalesce(codes.match_group = target_groups.match_group, false) as is_matching
    from spells
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
    select
        contract_id,
        part_id,
        register_no,
        register,
        case_max_gap_days,
        person_no,
        ends_before as entry_date
    from target_spells
    where
        is_matching
        and ends_before < entries_end_before
    group by all
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
            and not {{ is_interrupted(
                'possible_ends.entry_date',
                'target_spells.starts_on',
                'possible_ends.case_max_gap_days'
            ) }}
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
