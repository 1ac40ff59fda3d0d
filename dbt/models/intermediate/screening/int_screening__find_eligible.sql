{{ config(materialized='view') }}
-- grain: one row per contract and case that reaches the day on which a person is eligible
-- counts: cases of the screened group that last more than case_days days, in the year of that day
-- rules: R8.funnel
-- left out: whether the year lies in the term (int_screening__count_steps)
with

screenings as (
    select
        contract_id,
        benefit_group,
        case_days,
        case_max_gap_days
    from {{ ref('stg_contracts__screenings') }}
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

groups as (
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
        starts_on,
        ends_before
    from {{ ref('int_cases__chain_by_gap') }}
),

final as (
    select
        screenings.contract_id,
        cases.person_no,
        'eligible' as step,
        year(cases.starts_on + screenings.case_days + 1) as year
    from screenings
    inner join contracts on screenings.contract_id = contracts.contract_id
    inner join registers on contracts.register = registers.source
    inner join groups on screenings.benefit_group = groups.benefit_group
    inner join cases
        on
            registers.register_no = cases.register_no
            and cases.group_nos = [groups.group_no]
            and screenings.case_max_gap_days = cases.case_max_gap_days
            and screenings.case_days + 1 < cases.ends_before - cases.starts_on
)

select * from final
