-- grain: one row per contract, closed period, part and price group
-- counts: net payable person-months and basis of the lines, achieved beside historical share
-- rules: S.basis, R3.achieved, M.suppression
-- left out: nothing; approved periods are published from the ledger
with

periods as (
    select
        contract_id,
        period_start,
        is_approved
    from {{ ref('int_periods__list') }}
    where is_closed
),

parts as (
    select
        contract_id,
        period_start,
        part_id,
        price_group,
        kind,
        person_months_payable,
        basis_dkk,
        self_supporting_months,
        on_support_months,
        historical_share,
        persons,
        line_persons,
        self_supporting_persons
    from {{ ref('int_basis__sum_parts') }}
),

frozen as (
    select
        contract_id,
        period_start,
        part_id,
        price_group,
        kind,
        person_months_payable,
        basis_dkk,
        achieved_share,
        historical_share,
        is_suppressed
    from {{ ref('stg_ledger__frozen_parts') }}
),

counted as (
    select
        parts.*,
        {{ to_share(div_round(
            'parts.self_supporting_months * ' ~ share_parts(),
            '(parts.self_supporting_months + parts.on_support_months)'
        )) }} as achieved_share
    from parts
    inner join periods
        on
            parts.contract_id = periods.contract_id
            and parts.period_start = periods.period_start
            and not periods.is_approved
),

flagged as (
    select
        *,
        {{ suppress_flag('persons', ['contract_id', 'period_start', 'part_id'], 'price_group') }}
            as is_suppressed
    from counted
),

drafted as (
    select
        contract_id,
        period_start,
        part_id,
        price_group,
        kind,
        {{ suppress_measure('person_months_payable', ['line_persons']) }} as person_months_payable,
        {{ suppress_measure('basis_dkk', ['line_persons']) }} as basis_dkk,
        {{ suppress_measure('achieved_share', ['self_supporting_persons']) }} as achieved_share,
        historical_share,
        is_suppressed
    from flagged
),

approved as (
    select frozen.*
    from frozen
    inner join periods
        on
            frozen.contract_id = periods.contract_id
            and frozen.period_start = periods.period_start
            and periods.is_approved
),

final as (
    select * from drafted
    union all by name
    select * from approved
)

select * from final
