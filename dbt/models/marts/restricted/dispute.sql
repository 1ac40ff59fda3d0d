-- grain: one row per dispute
-- counts: the month of a course that was disputed, by when and how it was decided, and its kroner
-- rules: M.dispute, S.dispute, S.decide
-- left out: names and reasons, which the ledger holds; disputes opened after the as-of date
with

disputes as (
    select
        dispute_id,
        contract_id,
        period_start,
        course_id,
        month,
        wants,
        opened_on,
        decided_on,
        outcome,
        amount_dkk
    from {{ ref('int_disputes__resolve_known') }}
),

final as (
    select
        dispute_id,
        contract_id,
        period_start,
        course_id,
        month,
        wants,
        opened_on,
        decided_on,
        outcome,
        amount_dkk
    from disputes
)

select * from final
