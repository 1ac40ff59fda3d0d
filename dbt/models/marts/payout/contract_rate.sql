-- grain: one row per contract, part of kind person_months, price group and rate
-- counts: kroner per person-month from a day on, and the places of the price group
-- rules: M.contract, C.rates
-- left out: the one rate of a group of an fte part, which is valid from no day (fte_effect)
with

rates as (
    select
        contract_id,
        part_id,
        benefit_group,
        valid_from,
        rate_dkk
    from {{ ref('stg_contracts__rates') }}
),

price_groups as (
    select
        contract_id,
        part_id,
        benefit_group,
        max_participants
    from {{ ref('stg_contracts__price_groups') }}
),

final as (
    select
        rates.contract_id,
        rates.part_id,
        rates.benefit_group,
        rates.valid_from,
        rates.rate_dkk,
        price_groups.max_participants::bigint as max_participants
    from rates
    inner join price_groups
        on
            rates.contract_id = price_groups.contract_id
            and rates.part_id = price_groups.part_id
            and rates.benefit_group = price_groups.benefit_group
)

select * from final
