-- grain: one row per contract, month, followed benefit group and reason with an ended case
-- counts: cases that ended in the month, and whether the count is too small to be published
-- rules: R6.ended, M.persons
-- left out: reasons without a case
with

ended_cases as (
    select
        contract_id,
        month,
        benefit_group,
        reason
    from {{ ref('int_follow_up__explain_ended_cases') }}
),

counts as (
    select
        contract_id,
        month,
        benefit_group,
        reason,
        count(*) as cases_ended
    from ended_cases
    group by all
),

final as (
    select
        contract_id,
        month,
        benefit_group,
        reason,
        cases_ended,
        {{ suppress_flag('cases_ended', ['contract_id', 'month', 'benefit_group'], 'reason') }}
            as is_suppressed
    from counts
)

select * from final
