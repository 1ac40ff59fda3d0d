-- grain: one row per contract, month, benefit group and reason with an ended case
-- counts: cases that ended in the month
-- rules: R6.ended, M.suppression
-- left out: reasons without a case
with

flagged as (
    select
        contract_id,
        month,
        benefit_group,
        reason,
        cases_ended,
        is_suppressed
    from {{ ref('int_follow_up__count_ended_cases') }}
),

final as (
    select
        contract_id,
        month,
        benefit_group,
        reason,
        {{ suppress_measure('cases_ended', ['cases_ended']) }} as cases_ended,
        is_suppressed
    from flagged
)

select * from final
