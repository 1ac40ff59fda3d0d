-- grain: one row per contract, closed period, part and price group
-- counts: net payable person-months and basis of the lines, achieved beside historical share
-- rules: S.basis, R3.achieved, M.bill
-- left out: nothing; approved periods are published from the ledger. Figures that were hidden when
--   a period was approved are summed from its frozen lines (not the share, which no line holds)
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
        historical_share
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
        historical_share
    from {{ ref('stg_ledger__frozen_parts') }}
),

drafted as (
    select
        parts.contract_id,
        parts.period_start,
        parts.part_id,
        parts.price_group,
        parts.kind,
        parts.person_months_payable,
        parts.basis_dkk,
        {{ to_share(div_round(
            'parts.self_supporting_months * ' ~ share_parts(),
            '(parts.self_supporting_months + parts.on_support_months)'
        )) }} as achieved_share,
        parts.historical_share
    from parts
    inner join periods
        on
            parts.contract_id = periods.contract_id
            and parts.period_start = periods.period_start
            and not periods.is_approved
),

approved as (
    select
        frozen.contract_id,
        frozen.period_start,
        frozen.part_id,
        frozen.price_group,
        frozen.kind,
        coalesce(frozen.person_months_payable, parts.person_months_payable)
            as person_months_payable,
        coalesce(frozen.basis_dkk, parts.basis_dkk) as basis_dkk,
        frozen.achieved_share,
        frozen.historical_share
    from frozen
    inner join periods
        on
            frozen.contract_id = periods.contract_id
            and frozen.period_start = periods.period_start
            and periods.is_approved
    left join parts
        on
            frozen.contract_id = parts.contract_id
            and frozen.period_start = parts.period_start
            and frozen.part_id = parts.part_id
            and frozen.price_group = parts.price_group
),

final as (
    select * from drafted
    union all by name
    select * from approved
)

select * from final
