-- grain: one row per contract, part and month that a scenario adds to
-- counts: what each scenario books beyond what today's knowledge does (int_lines__book_new): open
--     months, earned months that are assumed to be claimed, and stand-ins of parts not complete
-- rules: S.scenarios
-- decides: S.scenarios
-- left out: the scenario earned, which adds nothing
with

months as (
    select
        contract_id,
        part_id,
        price_group,
        effort_month,
        month,
        {{ to_oere('rate_dkk') }} as rate_oere,
        open_months,
        open_months_going_on_paid,
        unclaimed_months,
        denied_months
    from {{ ref('int_forecast__count_months') }}
),

shares as (
    select
        contract_id,
        price_group,
        effort_month,
        share_numerator,
        share_denominator
    from {{ ref('int_forecast__weigh_shares') }}
),

reductions as (
    select
        contract_id,
        part_id,
        booking_month,
        booked_oere
    from {{ ref('int_forecast__stand_in_reductions') }}
),

savings as (
    select
        contract_id,
        part_id,
        booking_month,
        booked_oere
    from {{ ref('int_forecast__stand_in_savings') }}
),

-- rounded once for each group, number and month, whatever the number of courses
priced as (
    select
        months.contract_id,
        months.part_id,
        months.month,
        (months.open_months_going_on_paid + months.unclaimed_months) * months.rate_oere
            as unchanged_oere,
        months.unclaimed_months * months.rate_oere
        + {{ div_round(
            'months.open_months * months.rate_oere * shares.share_numerator',
            'shares.share_denominator'
        ) }} as historical_oere,
        (months.open_months + months.unclaimed_months + months.denied_months) * months.rate_oere
            as all_oere
    from months
    inner join shares
        on
            months.contract_id = shares.contract_id
            and months.price_group = shares.price_group
            and months.effort_month = shares.effort_month
),

added as (
    select * from priced
    union all
    select
        contract_id,
        part_id,
        booking_month as month,
        booked_oere as unchanged_oere,
        booked_oere as historical_oere,
        booked_oere as all_oere
    from reductions
    union all
    select
        contract_id,
        part_id,
        booking_month as month,
        booked_oere as unchanged_oere,
        booked_oere as historical_oere,
        booked_oere as all_oere
    from savings
),

final as (
    select
        contract_id,
        part_id,
        month,
        sum(unchanged_oere)::hugeint as unchanged_oere,
        sum(historical_oere)::hugeint as historical_oere,
        sum(all_oere)::hugeint as all_oere
    from added
    group by
        contract_id,
        part_id,
        month
)

select * from final
