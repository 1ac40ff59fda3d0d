-- grain: one row per contract with payment, period, match and reason
-- counts: person-months by how claim and register agree, priced at the rate of their price group
-- rules: R3.match, M.suppression
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

counted as (
    select
        person_months.contract_id,
        months.period_start,
        person_months.match,
        person_months.reason,
        count(*) as month_count,
        coalesce(sum(person_months.rate_dkk), 0)::decimal(18, 2) as amount_dkk,
        count(distinct person_months.person_no) as persons
    from person_months
    inner join months
        on
            person_months.contract_id = months.contract_id
            and person_months.month = months.month
    group by all
),

flagged as (
    select
        *,
        {{ suppress_flag('persons', ['contract_id', 'period_start', 'match'], 'reason') }}
            as is_suppressed
    from counted
),

final as (
    select
        contract_id,
        period_start,
        match,
        reason,
        {{ suppress_measure('month_count') }} as month_count,
        {{ suppress_measure('amount_dkk') }} as amount_dkk,
        is_suppressed
    from flagged
)

select * from final
