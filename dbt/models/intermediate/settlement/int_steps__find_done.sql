{{ config(materialized='view') }}
-- grain: one row per contract, settlement period and step of its life that counts as done
-- counts: the last event of the step while the period has not been returned since and the event
--   names today's figures; an approval and a payment always
-- rules: S.step_done
-- decides: S.step_done
-- left out: steps that fell back. A view, because the hashes of today's figures are known only when
--   the settlement models have run
with

events as (
    select
        contract_id,
        period_start,
        sequence,
        action,
        as_of_date,
        statement_sha256
    from {{ ref('stg_ledger__events') }}
),

statements as (
    select
        contract_id,
        period_start,
        statement_sha256
    from {{ ref('stg_ledger__statements') }}
),

last_steps as (
    select
        contract_id,
        period_start,
        action as step,
        max(sequence) as last_sequence,
        arg_max(as_of_date, sequence) as done_on,
        arg_max(statement_sha256, sequence) as statement_sha256
    from events
    where action in ('submit', 'verify', 'approve', 'pay')
    group by all
),

last_returns as (
    select
        contract_id,
        period_start,
        max(sequence) as last_sequence
    from events
    where action = 'return'
    group by all
),

final as (
    select
        last_steps.contract_id,
        last_steps.period_start,
        last_steps.step,
        last_steps.done_on
    from last_steps
    left join last_returns
        on
            last_steps.contract_id = last_returns.contract_id
            and last_steps.period_start = last_returns.period_start
    left join statements
        on
            last_steps.contract_id = statements.contract_id
            and last_steps.period_start = statements.period_start
    where
        last_steps.step in ('approve', 'pay')
        or (
            last_steps.last_sequence > coalesce(last_returns.last_sequence, 0)
            and last_steps.statement_sha256 = statements.statement_sha256
        )
)

select * from final
