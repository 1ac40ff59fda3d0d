-- grain: one row per contract, closed period, part and price group
-- counts: basis and net payable person-months of the period's lines, months of support and
--     self-support of eligible courses
-- rules: S.basis, R3.achieved
-- decides: R3.achieved
-- left out: nothing. Every group of the contract has a row, also without a line; a group that only
--     lines name has one as well, and a part that today's terms have dropped keeps the kind it was
--     approved with
with

listed_groups as (
    select
        contract_id,
        period_start,
        part_id,
        price_group
    from {{ ref('int_basis__list_groups') }}
),

parts as (
    select
        contract_id,
        part_id,
        kind
    from {{ ref('stg_contracts__parts') }}
),

approved_parts as (
    select
        contract_id,
        part_id,
        arg_max(kind, (period_start, kind)) as kind
    from {{ ref('stg_ledger__frozen_parts') }}
    group by all
),

price_groups as (
    select
        contract_id,
        part_id,
        benefit_group,
        historical_success_rate
    from {{ ref('stg_contracts__price_groups') }}
),

lines as (
    select
        contract_id,
        period_start,
        part_id,
        course_id,
        price_group,
        old_amount_dkk,
        new_amount_dkk,
        difference_dkk
    from {{ ref('int_lines__number') }}
),

outcomes as (
    select
        contract_id,
        period_start,
        part_id,
        price_group,
        self_supporting_months,
        on_support_months
    from {{ ref('int_basis__count_outcomes') }}
),

-- a course has a line where a month became payable (+1), ceased to be (-1) or changed its rate (0)
facts as (
    select
        lines.contract_id,
        lines.period_start,
        lines.part_id,
        lines.price_group,
        case
            when lines.course_id is null then 0
            else (lines.new_amount_dkk <> 0)::bigint - (lines.old_amount_dkk <> 0)::bigint
        end as payable_months,
        lines.difference_dkk,
        0 as self_supporting_months,
        0 as on_support_months
    from lines
    union all by name
    select
        contract_id,
        period_start,
        part_id,
        price_group,
        0 as payable_months,
        0 as difference_dkk,
        self_supporting_months,
        on_support_months
    from outcomes
),

sums as (
    select
        contract_id,
        period_start,
        part_id,
        price_group,
        sum(payable_months)::bigint as person_months_payable,
        sum(difference_dkk)::decimal(18, 2) as basis_dkk,
        sum(self_supporting_months)::bigint as self_supporting_months,
        sum(on_support_months)::bigint as on_support_months
    from facts
    group by all
),

spine as (
    select * from listed_groups
    union
    select
        contract_id,
        period_start,
        part_id,
        price_group
    from sums
),

final as (
    select
        spine.contract_id,
        spine.period_start,
        spine.part_id,
        spine.price_group,
        coalesce(parts.kind, approved_parts.kind) as kind,
        coalesce(sums.person_months_payable, 0) as person_months_payable,
        coalesce(sums.basis_dkk, 0)::decimal(18, 2) as basis_dkk,
        coalesce(sums.self_supporting_months, 0) as self_supporting_months,
        coalesce(sums.on_support_months, 0) as on_support_months,
        price_groups.historical_success_rate as historical_share
    from spine
    left join sums
        on
            spine.contract_id = sums.contract_id
            and spine.period_start = sums.period_start
            and spine.part_id = sums.part_id
            and spine.price_group = sums.price_group
    left join parts
        on spine.contract_id = parts.contract_id and spine.part_id = parts.part_id
    left join approved_parts
        on
            spine.contract_id = approved_parts.contract_id
            and spine.part_id = approved_parts.part_id
    left join price_groups
        on
            spine.contract_id = price_groups.contract_id
            and spine.part_id = price_groups.part_id
            and spine.price_group = price_groups.benefit_group
)

select * from final
