{{ config(materialized='view') }}
-- grain: one row per contract, followed benefit group and case that ended
-- counts: cases that end in a month of the term and whose following end_window_days days are all
--   observed
-- rules: R6.ended
-- decides: R6.ended
-- left out: cases that end outside the contract's term; why they ended
--   (int_follow_up__explain_ended_cases)
with

follow_ups as (
    select
        contract_id,
        benefit_group,
        case_max_gap_days,
        end_window_days
    from {{ ref('stg_contracts__follow_ups') }}
),

contracts as (
    select
        contract_id,
        register,
        starts_on,
        ends_on
    from {{ ref('stg_contracts__contracts') }}
),

registers as (
    select
        register_no,
        source
    from {{ ref('stg_registers') }}
),

benefit_groups as (
    select
        group_no,
        benefit_group
    from {{ ref('stg_benefit_codes__groups') }}
),

cases as (
    select
        register_no,
        group_nos,
        case_max_gap_days,
        person_no,
        ends_before
    from {{ ref('int_cases__chain_by_gap') }}
),

observed_runs as (
    select
        source,
        starts_on,
        ends_before
    from {{ ref('int_registers__find_observed_runs') }}
),

follow_groups as (
    select
        follow_ups.contract_id,
        follow_ups.benefit_group,
        follow_ups.case_max_gap_days,
        follow_ups.end_window_days,
        registers.register_no,
        contracts.register,
        benefit_groups.group_no,
        {{ month_of('contracts.starts_on') }} as first_day,
        last_day(contracts.ends_on) as last_day
    from follow_ups
    inner join contracts on follow_ups.contract_id = contracts.contract_id
    inner join registers on contracts.register = registers.source
    inner join benefit_groups on follow_ups.benefit_group = benefit_groups.benefit_group
),

final as (
    select
        follow_groups.contract_id,
        follow_groups.benefit_group,
        follow_groups.register_no,
        follow_groups.end_window_days,
        cases.person_no,
        cases.ends_before - 1 as ended_on
    from follow_groups
    inner join cases
        on
            follow_groups.register_no = cases.register_no
            and cases.group_nos = [follow_groups.group_no]
            and follow_groups.case_max_gap_days = cases.case_max_gap_days
            and follow_groups.first_day < cases.ends_before
            and follow_groups.last_day >= cases.ends_before - 1
    where exists (
            select 1
            from observed_runs
            where
                observed_runs.source = follow_groups.register
                and observed_runs.starts_on <= cases.ends_before
                and observed_runs.ends_before >= cases.ends_before + follow_groups.end_window_days
        )
)

select * from final
