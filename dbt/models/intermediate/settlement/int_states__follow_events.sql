{{ config(materialized='view') }}
-- grain: one row per contract with payment and period
-- counts: the state of the last event while it saw the figures of today; else draft, superseded
-- clause: 40-settlement.md, Life of a settlement
-- left out: releases (they change figures, not states). A view, because the hash of the figures is
--     made when the settlement has been computed
with

periods as (
    select
        contract_id,
        period_start,
        is_closed,
        is_approved
    from {{ ref('int_periods__list') }}
),

events as (
    select
        contract_id,
        period_start,
        sequence,
        action,
        statement_sha256
    from {{ ref('stg_ledger__events') }}
),

frozen as (
    select
        contract_id,
        period_start,
        statement_sha256
    from {{ ref('stg_ledger__frozen_settlements') }}
),

statements as (
    select
        contract_id,
        period_start,
        statement_sha256
    from {{ ref('stg_ledger__statements') }}
),

steps as (
    select
        step.action,
        step.state
    from (
        values
        ('submit', 'submitted'),
        ('verify', 'verified'),
        ('approve', 'approved'),
        ('pay', 'paid'),
        ('return', 'draft')
    ) as step (action, state)
),

last_steps as (
    select
        events.contract_id,
        events.period_start,
        steps.state,
        events.statement_sha256
    from events
    inner join steps on events.action = steps.action
    qualify
        row_number() over (
            partition by events.contract_id, events.period_start order by events.sequence desc
        ) = 1
),

current_figures as (
    select
        periods.contract_id,
        periods.period_start,
        periods.is_closed,
        periods.is_approved,
        last_steps.state is not null as has_step,
        coalesce(last_steps.state, 'draft') as last_state,
        last_steps.statement_sha256 as seen_sha256,
        case
            when periods.is_approved then frozen.statement_sha256
            when periods.is_closed then statements.statement_sha256
        end as statement_sha256
    from periods
    left join last_steps
        on
            periods.contract_id = last_steps.contract_id
            and periods.period_start = last_steps.period_start
    left join frozen
        on
            periods.contract_id = frozen.contract_id
            and periods.period_start = frozen.period_start
    left join statements
        on
            periods.contract_id = statements.contract_id
            and periods.period_start = statements.period_start
),

judged as (
    select
        *,
        (
            is_closed
            and not is_approved
            and has_step
            and seen_sha256 is distinct from statement_sha256
        ) as is_superseded
    from current_figures
),

final as (
    select
        contract_id,
        period_start,
        case
            when not is_closed then 'open'
            when is_superseded then 'draft'
            else last_state
        end as state,
        is_superseded,
        statement_sha256
    from judged
)

select * from final
