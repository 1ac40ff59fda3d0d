-- grain: one row per contract with payment and settlement period
-- counts: first and last day and name of each period, as the terms give them
-- rules: S.periods
-- left out: the rule of the periods, which lib/contracts/periods.py decides; contracts that do not
--     pay
with

source as (
    select * from {{ source('raw', 'contract_period') }}
),

final as (
    select
        contract_id,
        period_start,
        period_end,
        period_label,
        is_final
    from source
)

select * from final
