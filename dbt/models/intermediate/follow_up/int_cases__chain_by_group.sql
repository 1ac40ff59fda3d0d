-- grain: one row per register, benefit group, gap and person's case over that one group
-- counts: merged spells of the group chained as long as at most case_max_gap_days days lie between
-- clause: 30-rules.md §2 (case), used by §6 and §8
-- left out: groups that no contract follows; the move of a case's start (§2.5 alone)
with

followed_groups as (
    select
        contract_id,
        benefit_group,
        case_max_gap_days
    from {{ ref('stg_contracts__focus_goals') }}
    union
    select
        contract_id,
        benefit_group,
        case_max_gap_days
    from {{ ref('stg_contracts__follow_ups') }}
    union
    select
        contract_id,
        benefit_group,
        case_max_gap_days
    from {{ ref('stg_contracts__screenings') }}
),

chained_groups as (
    select distinct
        registers.register_no,
        benefit_groups.group_no,
        followed_groups.case_max_gap_days
    from followed_groups
    inner join {{ ref('stg_contracts__contracts') }} as contracts using (contract_id)
    inner join {{ ref('stg_registers') }} as registers on contracts.register = registers.source
    inner join {{ ref('stg_benefit_codes__groups') }} as benefit_groups using (benefit_group)
),

spells as (
    select
        merged_spells.register_no,
        merged_spells.group_no,
        chained_groups.case_max_gap_days,
        merged_spells.person_no,
        merged_spells.starts_on,
        merged_spells.ends_before,
        merged_spells.next_starts_on
    from {{ ref('int_spells__merge_by_group') }} as merged_spells
    inner join chained_groups using (register_no, group_no)
),

numbered as (
    select
        *,
        count(*) filter (
            where next_starts_on is null or next_starts_on - ends_before > case_max_gap_days
        ) over (
            partition by register_no, group_no, case_max_gap_days, person_no
            order by starts_on
            rows between unbounded preceding and 1 preceding
        ) as cases_before
    from spells
),

final as (
    select
        register_no,
        group_no,
        case_max_gap_days,
        person_no,
        min(starts_on) as starts_on,
        max(ends_before) as ends_before
    from numbered
    group by register_no, group_no, case_max_gap_days, person_no, cases_before
)

select * from final
