-- grain: one row per contract with payment, scenario and period that is not approved
-- counts: basis and basis cumulated; the first period also takes what the scenario books on months
--     of approved periods beyond their approved lines
-- rules: S.forecast
-- left out: the closing settlement, but where it is the first that is not approved: it has no
--     months of its own
with

periods as (
    select
        contract_id,
        period_no,
        period_start,
        is_approved,
        is_final,
        is_next
    from {{ ref('int_periods__list') }}
),

months as (
    select
        contract_id,
        month,
        period_start
    from {{ ref('int_periods__spread_months') }}
),

booked as (
    select
        contract_id,
        period_start,
        {{ to_oere('amount_dkk') }} as amount_oere
    from {{ ref('int_lines__book_new') }}
),

added as (
    select
        contract_id,
        month,
        unchanged_oere,
        historical_oere,
        all_oere
    from {{ ref('int_forecast__add_amounts') }}
),

frozen_lines as (
    select
        contract_id,
        {{ to_oere('difference_dkk') }} as difference_oere
    from {{ ref('stg_ledger__frozen_lines') }}
),

sum_booked as (
    select
        contract_id,
        period_start,
        sum(amount_oere) as booked_oere
    from booked
    group by all
),

sum_added as (
    select
        months.contract_id,
        months.period_start,
        sum(added.unchanged_oere) as unchanged_oere,
        sum(added.historical_oere) as historical_oere,
        sum(added.all_oere) as all_oere
    from added
    inner join months
        on added.contract_id = months.contract_id and added.month = months.month
    group by all
),

approved as (
    select
        contract_id,
        sum(difference_oere) as approved_oere
    from frozen_lines
    group by all
),

list_scenarios as (
    select
        periods.*,
        coalesce(sum_booked.booked_oere, 0) as booked_oere,
        unnest([
            struct_pack(scenario := 'earned', added_oere := 0),
            struct_pack(
                scenario := 'unchanged', added_oere := coalesce(sum_added.unchanged_oere, 0)
            ),
            struct_pack(
                scenario := 'historical', added_oere := coalesce(sum_added.historical_oere, 0)
            ),
            struct_pack(scenario := 'all', added_oere := coalesce(sum_added.all_oere, 0))
        ]) as own_scenario
    from periods
    left join sum_booked
        on
            periods.contract_id = sum_booked.contract_id
            and periods.period_start = sum_booked.period_start
    left join sum_added
        on
            periods.contract_id = sum_added.contract_id
            and periods.period_start = sum_added.period_start
),

-- all amounts up to a period, those of approved periods under the scenario too
cumulated as (
    select
        contract_id,
        period_no,
        period_start,
        is_next,
        own_scenario['scenario'] as scenario,
        not is_approved and (is_next or not is_final) as is_foreseen,
        sum(booked_oere + own_scenario['added_oere']) over (
            partition by contract_id, own_scenario['scenario'] order by period_no
        )::hugeint as cumulative_oere
    from list_scenarios
),

foreseen as (
    select
        cumulated.*,
        case
            when cumulated.is_next then coalesce(approved.approved_oere, 0)
            else lag(cumulated.cumulative_oere) over (
                    partition by cumulated.contract_id, cumulated.scenario
                    order by cumulated.period_no
                )
        end::hugeint as before_oere
    from cumulated
    left join approved on cumulated.contract_id = approved.contract_id
    where cumulated.is_foreseen
),

final as (
    select
        contract_id,
        scenario,
        period_no,
        period_start,
        {{ to_kroner('cumulative_oere - before_oere') }} as basis_dkk,
        {{ to_kroner('cumulative_oere') }} as basis_cumulative_dkk
    from foreseen
)

select * from final
