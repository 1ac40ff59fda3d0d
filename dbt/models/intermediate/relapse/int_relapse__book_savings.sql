-- grain: one row per relapse part of a contract that pays
-- counts: the saving, booked on the month of the last follow-up day once the part is complete,
--   else 0
-- clause: 30-rules.md §5, "then the saving is booked"
-- left out: parts of tracked contracts, which are never settled
with

summaries as (
    select
        contract_id,
        part_id,
        last_follow_up_on,
        saving_dkk,
        status,
        has_payment
    from {{ ref('int_relapse__summarise') }}
),

final as (
    select
        contract_id,
        part_id,
        date_trunc('month', last_follow_up_on)::date as month,
        case when status = 'complete' then saving_dkk else 0 end::decimal(18, 2) as amount_dkk
    from summaries
    where has_payment
)

select * from final
