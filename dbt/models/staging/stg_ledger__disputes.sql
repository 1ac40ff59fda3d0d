-- grain: one row per dispute that the ledger tells
-- counts: the month of a course that is disputed, what is wanted of it, and its kroner
-- rules: S.dispute
-- left out: how it was decided (stg_ledger__decisions); names and reasons
with

source as (
    select * from {{ source('raw', 'ledger_event') }}
    where action = 'dispute'
),

final as (
    select
        contract_id || '-' || sequence::varchar as dispute_id,
        contract_id,
        period_start,
        course_id,
        month,
        wants,
        price_group,
        as_of_date as opened_on,
        amount_dkk
    from source
)

select * from final
