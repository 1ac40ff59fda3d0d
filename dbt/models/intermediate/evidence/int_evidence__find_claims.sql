{{ config(materialized='view') }}
-- grain: one row per contract, course and effort month that was ever claimed or not claimed
-- counts: the newest known claim of the month
-- rules: S.evidence
-- left out: claims that meet no effort month (mismatch). A view, read once
with

months as (
    select
        contract_id,
        course_id,
        month
    from {{ ref('int_evidence__list_months') }}
),

claims as (
    select
        contract_id,
        course_id,
        month,
        is_claimed,
        delivery_no,
        row_number
    from {{ ref('stg_resultatkrav__claims') }}
),

deliveries as (
    select
        delivery_no,
        delivery_rank
    from {{ ref('stg_deliveries__known') }}
),

final as (
    select
        claims.contract_id,
        claims.course_id,
        claims.month,
        'claim' as role,
        claims.delivery_no,
        claims.row_number,
        case when claims.is_claimed then 'ja' else 'nej' end as code,
        claims.month as first_day,
        last_day(claims.month) as last_day
    from claims
    inner join deliveries on claims.delivery_no = deliveries.delivery_no
    semi join months
        on
            claims.contract_id = months.contract_id
            and claims.course_id = months.course_id
            and claims.month = months.month
    qualify
        row_number() over (
            partition by claims.contract_id, claims.course_id, claims.month
            order by deliveries.delivery_rank desc, claims.row_number asc
        ) = 1
)

select * from final
