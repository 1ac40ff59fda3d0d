-- grain: one row per contract, other register and effort month with a course that both registers
--   observe
-- counts: person-months of courses, and those in which one register finds the person on support
--   (more support days than the contract allows) and the other does not
-- rules: R1.two_registers; docs/reconciliation.md
-- decides: R1.two_registers
-- left out: months that either register does not observe; the figure never changes an amount
with

observed_months as (
    select
        course_no,
        contract_no,
        person_no,
        subsidised_job_blocks,
        register_no,
        other_register_no,
        month
    from {{ ref('int_registers__pair_months') }}
),

terms as (
    select
        contract_no,
        contract_id,
        max_support_days
    from {{ ref('int_contracts__read_person_month_terms') }}
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

benefit_groups as (
    select
        group_no,
        is_public_support,
        is_subsidised_job
    from {{ ref('stg_benefit_codes__groups') }}
),

participant_spells as (
    select spells.*
    from spells
    semi join observed_months on spells.person_no = observed_months.person_no
),

sides as (
    select
        *,
        register_no as side_register_no,
        true as is_own
    from observed_months
    union all
    select
        *,
        other_register_no as side_register_no,
        false as is_own
    from observed_months
),

support_pieces as (
    select
        sides.course_no,
        sides.other_register_no,
        sides.month,
        sides.is_own,
        greatest(participant_spells.starts_on, sides.month) as starts_on,
        max(least(participant_spells.ends_before, {{ month_end('sides.month') }})) as ends_before
    from sides
    inner join participant_spells
        on
            sides.person_no = participant_spells.person_no
            and sides.side_register_no = participant_spells.register_no
            and sides.month < participant_spells.ends_before
            and {{ month_end('sides.month') }} > participant_spells.starts_on
    inner join benefit_groups
        on
            participant_spells.group_no = benefit_groups.group_no
            and (
                benefit_groups.is_public_support
                or (sides.subsidised_job_blocks and benefit_groups.is_subsidised_job)
            )
    group by
        sides.course_no,
        sides.other_register_no,
        sides.month,
        sides.is_own,
        greatest(participant_spells.starts_on, sides.month)
),

reached as (
    select
        *,
        max(ends_before) over (
            partition by course_no, other_register_no, month, is_own
            order by starts_on
            rows between unbounded preceding and 1 preceding
        ) as reached_before
    from support_pieces
),

support_days as (
    select
        course_no,
        other_register_no,
        month,
        sum(
            greatest(ends_before - greatest(starts_on, coalesce(reached_before, starts_on)), 0)
        ) filter (where is_own) as own_days,
        sum(
            greatest(ends_before - greatest(starts_on, coalesce(reached_before, starts_on)), 0)
        ) filter (where not is_own) as other_days
    from reached
    group by course_no, other_register_no, month
),

judged as (
    select
        terms.contract_id,
        observed_months.other_register_no,
        observed_months.month,
        (coalesce(support_days.own_days, 0) > terms.max_support_days)
        != (coalesce(support_days.other_days, 0) > terms.max_support_days) as is_disagreeing
    from observed_months
    inner join terms on observed_months.contract_no = terms.contract_no
    left join support_days
        on
            observed_months.course_no = support_days.course_no
            and observed_months.other_register_no = support_days.other_register_no
            and observed_months.month = support_days.month
),

final as (
    select
        contract_id,
        other_register_no,
        month,
        count(*) as person_months,
        count(*) filter (where is_disagreeing) as disagreeing_person_months
    from judged
    group by contract_id, other_register_no, month
)

select * from final
