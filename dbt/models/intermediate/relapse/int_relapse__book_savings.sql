-- grain: one row per relapse part of a contract that pays
-- counts: the saving, booked on the part's booking month once the part is complete, else 0
-- rules: R5.complete
-- left out: parts of tracked contracts, which are never settled
with

summaries as (
    select
        contract_id,
        part_id,
        booking_month,
        saving_dkk,
        status,
        has_payment
    from {{ ref('int_relapse__summarise') }}
),

final as (
    select
        contract_id,
        part_id,
        booking_month as month,
        case when status = 'complete' then saving_dkk else 0 end::decimal(18, 2) as amount_dkk
    from summaries
    where has_payment
)

select * from final
