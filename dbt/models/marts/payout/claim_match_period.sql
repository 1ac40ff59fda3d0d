-- grain: one row per contract with payment, period and match
-- counts: person-months by how claim and register agree, priced at the rate of their price group
-- rules: R3.match, M.bill
-- left out: the reasons, which are statistics (claim_match); claims without a course or outside its
--   effort months (restricted mismatch)
with

person_months as (
    select
        contract_id,
        month,
        match,
        rate_dkk
    from {{ ref('int_person_months__price') }}
),

months as (
    select
        contract_id,
        month,
        period_start
    from {{ ref('int_periods__spread_months') }}
),

final as (
    select
        person_months.contract_id,
        months.period_start,
        person_months.match,
        count(*) as month_count,
        coalesce(sum(person_months.rate_dkk), 0)::decimal(18, 2) as amount_dkk
    from person_months
    inner join months
        on
            person_months.contract_id = months.contract_id
            and person_months.month = months.month
    group by all
)

select * from final
