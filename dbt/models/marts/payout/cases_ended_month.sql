-- grain: one row per contract, month, benefit group and reason with an ended case
-- counts: cases that ended in the month; the reasons with too few persons stand in one row
-- rules: R6.ended, M.suppression, M.family
-- left out: reasons without a case
with

ended_cases as (
    select
        contract_id,
        month,
        benefit_group,
        person_no,
        reason,
        1 as cases_ended
    from {{ ref('int_follow_up__explain_ended_cases') }}
),

final as (
    {{ publish_family('cases_ended_month', 'ended_cases') }}
)

select * from final
