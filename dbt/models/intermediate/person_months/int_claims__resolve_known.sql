{{ config(materialized='view') }}
-- grain: one row per contract, course and month that was ever claimed or not claimed
-- counts: the row of the newest known delivery that contains the key
-- rules: I.resultatkrav, I.upsert, R3.claimed
-- left out: nothing; course_no is null where the list has no such course. A view: the claimed
--   months of a nation, stored, take the models' peak above 1 GB (1,035 MB; as a view 939 MB)
with

claims as (
    select
        delivery_no,
        row_number,
        contract_id,
        course_id,
        course_ref,
        month,
        is_claimed
    from {{ ref('stg_resultatkrav__claims') }}
),

deliveries as (
    select
        delivery_no,
        delivery_rank
    from {{ ref('stg_deliveries__known') }}
    where source = 'resultatkrav'
),

courses as (
    select
        course_no,
        course_ref
    from {{ ref('int_courses__resolve_known') }}
),

find_first_delivery as (
    select min(delivery_rank) as delivery_rank
    from deliveries
),

number_claims as (
    select
        courses.course_no,
        claims.contract_id,
        claims.course_id,
        claims.course_ref,
        claims.month,
        claims.is_claimed,
        claims.delivery_no,
        claims.row_number,
        deliveries.delivery_rank
    from claims
    inner join deliveries on claims.delivery_no = deliveries.delivery_no
    left join courses on claims.course_ref = courses.course_ref
),

-- a key stands once in a delivery, so that only a later delivery can replace it
list_replacements as (
    select
        claims.course_ref,
        claims.month,
        max(deliveries.delivery_rank) as delivery_rank
    from claims
    inner join deliveries on claims.delivery_no = deliveries.delivery_no
    inner join find_first_delivery
        on deliveries.delivery_rank > find_first_delivery.delivery_rank
    group by
        claims.course_ref,
        claims.month
),

final as (
    select
        number_claims.contract_id,
        number_claims.course_id,
        number_claims.course_no,
        number_claims.month,
        number_claims.is_claimed,
        number_claims.delivery_no,
        number_claims.row_number
    from number_claims
    left join list_replacements
        on
            number_claims.course_ref = list_replacements.course_ref
            and number_claims.month = list_replacements.month
    where
        list_replacements.delivery_rank is null
        or number_claims.delivery_rank = list_replacements.delivery_rank
)

select * from final
