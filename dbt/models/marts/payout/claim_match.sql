-- grain: one row per contract with payment, period, match and reason
-- counts: person-months by how claim and register agree, priced at the rate of their price group;
--   the reasons with too few persons stand in one row
-- rules: R3.match, M.suppression, M.family
-- left out: claims without a course or outside its effort months (restricted mismatch)
with

person_months as (
    select
        contract_id,
        month,
        person_no,
        match,
        reason,
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

spread as (
    select
        person_months.contract_id,
        months.period_start,
        person_months.match,
        person_months.reason,
        person_months.person_no,
        1 as month_count,
        coalesce(person_months.rate_dkk, 0) as amount_dkk
    from person_months
    inner join months
        on
            person_months.contract_id = months.contract_id
            and person_months.month = months.month
),

final as (
    {{ publish_family('claim_match', 'spread') }}
)

select * from final
