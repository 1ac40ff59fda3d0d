-- grain: one row per contract, month and followed benefit group with an ended case
-- counts: cases that ended in the month, and the distinct persons behind them
-- rules: R6.ended, M.persons
-- left out: groups and months without a case; the reasons (int_follow_up__explain_ended_cases)
with

ended_cases as (
    select
        contract_id,
        month,
        benefit_group,
        person_no
    from {{ ref('int_follow_up__explain_ended_cases') }}
),

final as (
    select
        contract_id,
        month,
        benefit_group,
        count(*) as cases_ended,
        count(distinct person_no) as persons
    from ended_cases
    group by all
)

select * from final
