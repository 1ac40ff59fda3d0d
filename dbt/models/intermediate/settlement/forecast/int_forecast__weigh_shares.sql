-- grain: one row per contract, price group and number of an effort month
-- counts: the share of open months that is expected to be self-supporting, an exact fraction: what
--     the months of that number have shown, beside what all months of the group have
-- rules: S.share
-- decides: S.share
-- left out: courses that are not eligible; a group with no observed month has the share 0
with

months as (
    select
        contract_id,
        price_group,
        effort_month,
        self_supporting_months,
        observed_months
    from {{ ref('int_forecast__count_months') }}
),

numbered as (
    select
        contract_id,
        price_group,
        effort_month,
        sum(self_supporting_months) as self_supporting_months,
        sum(observed_months) as observed_months
    from months
    group by
        contract_id,
        price_group,
        effort_month
),

summed as (
    select
        *,
        sum(self_supporting_months) over all_numbers as group_self_supporting_months,
        sum(observed_months) over all_numbers as group_observed_months
    from numbered
    window all_numbers as (partition by contract_id, price_group)
),

final as (
    select
        contract_id,
        price_group,
        effort_month,
        (
            self_supporting_months * group_observed_months
            + {{ share_weight() }} * group_self_supporting_months
        )::hugeint as share_numerator,
        greatest(
            group_observed_months * (observed_months + {{ share_weight() }}), 1
        )::hugeint as share_denominator
    from summed
)

select * from final
