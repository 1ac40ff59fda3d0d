{{ config(materialized='view') }}
-- grain: one row per contract and month
-- counts: the calendar years of the term, all effort months of its courses, and the months after
--   the term in which a relapse part still follows its entries up
-- rules: R1.observed
-- left out: whether a month is observed (int_months__observe). A view, read there alone
with

contracts as (
    select
        contract_id,
        starts_on,
        ends_on
    from {{ ref('stg_contracts__contracts') }}
),

parts as (
    select
        contract_id,
        kind,
        effort_months,
        last_follow_up_on
    from {{ ref('stg_contracts__parts') }}
),

courses as (
    select
        contract_id,
        visited_on
    from {{ ref('stg_deltagere__courses') }}
),

list_term_months as (
    select
        contract_id,
        unnest(
            generate_series(
                date_trunc('year', starts_on),
                date_trunc('year', ends_on) + interval 11 months,
                interval 1 month
            )
        )::date as month
    from contracts
),

list_referral_months as (
    select
        contract_id,
        {{ month_of('visited_on') }} as referral_month
    from courses
    group by all
),

list_effort_months as (
    select
        list_referral_months.contract_id,
        unnest(
            generate_series(
                list_referral_months.referral_month + interval 1 month,
                list_referral_months.referral_month + to_months(parts.effort_months),
                interval 1 month
            )
        )::date as month
    from list_referral_months
    inner join parts
        on
            list_referral_months.contract_id = parts.contract_id
            and parts.kind = 'person_months'
),

list_follow_up_months as (
    select
        contracts.contract_id,
        unnest(
            generate_series(
                {{ month_of('contracts.ends_on') }}, parts.last_follow_up_on, interval 1 month
            )
        )::date as month
    from contracts
    inner join parts
        on
            contracts.contract_id = parts.contract_id
            and parts.kind = 'relapse_reduction'
),

final as (
    select
        contract_id,
        month
    from list_term_months
    union
    select
        contract_id,
        month
    from list_effort_months
    union
    select
        contract_id,
        month
    from list_follow_up_months
)

select * from final
