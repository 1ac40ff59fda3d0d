-- grain: one row per contract, price group and month of the contract with a rate
-- counts: the rate valid on the first day of the month
-- rules: R3.amount, C.rates
-- left out: whether a month is payable (int_person_months__price)
with

terms as (
    select
        contract_no,
        contract_id,
        part_id
    from {{ ref('int_contracts__read_person_month_terms') }}
),

rates as (
    select
        contract_id,
        part_id,
        benefit_group,
        valid_from,
        valid_before,
        rate_dkk
    from {{ ref('stg_contracts__rates') }}
),

groups as (
    select
        group_no,
        benefit_group
    from {{ ref('stg_benefit_codes__groups') }}
),

months as (
    select
        contract_id,
        month
    from {{ ref('int_months__observe') }}
),

final as (
    select
        terms.contract_no,
        groups.group_no as price_group_no,
        months.month,
        rates.rate_dkk
    from terms
    inner join rates
        on
            terms.contract_id = rates.contract_id
            and terms.part_id = rates.part_id
    inner join groups on rates.benefit_group = groups.benefit_group
    inner join months
        on
            terms.contract_id = months.contract_id
            and rates.valid_from <= months.month
            and (rates.valid_before is null or rates.valid_before > months.month)
)

select * from final
