-- grain: one row per contract with payment and settlement period
-- counts: which periods are closed and approved, and which comes next
-- rules: S.periods, S.closed
-- left out: the bounds and names of the periods, which the terms give (lib/contracts/periods.py)
with

periods as (
    select
        contract_id,
        period_start,
        period_end,
        period_label,
        is_final
    from {{ ref('stg_contracts__periods') }}
),

run_context as (
    select as_of_date from {{ ref('stg_run__context') }}
),

approved as (
    select
        contract_id,
        period_start
    from {{ ref('stg_ledger__frozen_settlements') }}
),

numbered as (
    select
        periods.*,
        row_number() over (
            partition by periods.contract_id order by periods.period_start
        )::integer as period_no,
        row_number() over (
            partition by periods.contract_id order by periods.period_start desc
        ) = 1 as is_last,
        periods.period_end < run_context.as_of_date as is_closed,
        approved.period_start is not null as is_approved
    from periods
    cross join run_context
    left join approved
        on
            periods.contract_id = approved.contract_id
            and periods.period_start = approved.period_start
),

final as (
    select
        contract_id,
        period_no,
        period_start,
        period_end,
        period_label,
        is_final,
        is_closed,
        is_approved,
        is_last,
        not is_approved
        and count(*) filter (where not is_approved) over (
            partition by contract_id order by period_no
        ) = 1 as is_next
    from numbered
)

select * from final
