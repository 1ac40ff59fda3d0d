-- grain: one row per contract with a business case
-- counts: gross and net saving (positive when saved) and the ordinal of the first year whose
--   cumulative net is not above 0, over total and over service alone; beyond the stated years the
--   last year's permanent amounts go on and nothing more is invested
-- rules: R7.payback
-- left out: a payback later than horizon_years, which is null
with

business_cases as (
    select
        contract_id,
        stated_payback_total,
        stated_payback_service,
        horizon_years
    from {{ ref('stg_contracts__business_cases') }}
),

stated_years as (
    select
        contract_id,
        year,
        permanent_service_dkk,
        permanent_dkk,
        investment_dkk,
        net_dkk
    from {{ ref('int_business_case__sum_years') }}
),

last_years as (
    select
        contract_id,
        max(year) as last_year,
        count(*) as year_count,
        arg_max(permanent_service_dkk, year) as permanent_service_dkk,
        arg_max(permanent_dkk, year) as permanent_dkk
    from stated_years
    group by contract_id
),

later_years as (
    select
        last_years.contract_id,
        last_years.last_year + unnest(
            generate_series(1, business_cases.horizon_years - last_years.year_count)
        ) as year,
        last_years.permanent_service_dkk,
        last_years.permanent_dkk,
        0::decimal(18, 2) as investment_dkk
    from last_years
    inner join business_cases using (contract_id)
),

all_years as (
    select
        contract_id,
        year,
        permanent_service_dkk,
        permanent_dkk,
        investment_dkk
    from stated_years
    union all
    select
        contract_id,
        year,
        permanent_service_dkk,
        permanent_dkk,
        investment_dkk
    from later_years
),

cumulated as (
    select
        contract_id,
        row_number() over (partition by contract_id order by year) as ordinal,
        sum(permanent_dkk + investment_dkk) over (
            partition by contract_id
            order by year
        ) as total_dkk,
        sum(permanent_service_dkk + investment_dkk) over (
            partition by contract_id
            order by year
        ) as service_dkk
    from all_years
),

paybacks as (
    select
        contract_id,
        min(ordinal) filter (where total_dkk <= 0) as payback_year_total,
        min(ordinal) filter (where service_dkk <= 0) as payback_year_service
    from cumulated
    group by contract_id
),

savings as (
    select
        contract_id,
        (-sum(permanent_dkk))::decimal(18, 2) as gross_saving_dkk,
        (-sum(net_dkk))::decimal(18, 2) as net_saving_dkk
    from stated_years
    group by contract_id
),

final as (
    select
        business_cases.contract_id,
        savings.gross_saving_dkk,
        savings.net_saving_dkk,
        paybacks.payback_year_total::bigint as payback_year_total,
        paybacks.payback_year_service::bigint as payback_year_service,
        business_cases.stated_payback_total::bigint as stated_payback_total,
        business_cases.stated_payback_service::bigint as stated_payback_service
    from business_cases
    inner join savings using (contract_id)
    inner join paybacks using (contract_id)
)

select * from final
