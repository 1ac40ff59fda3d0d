-- grain: one row per contract with payment and step that has a deadline
-- counts: within how many days the step is to be taken
-- rules: S.calendar
-- left out: steps without a deadline
with

source as (
    select * from {{ source('raw', 'contract_calendar_step') }}
),

final as (
    select
        contract_id,
        step_order,
        step,
        within_days
    from source
)

select * from final
