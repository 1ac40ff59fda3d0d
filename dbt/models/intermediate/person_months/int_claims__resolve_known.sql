-- grain: one row per contract, course and month that was ever claimed or not claimed
-- counts: the row of the newest known delivery that contains the key
-- clause: 10-inputs.md, Delivery semantics (upsert); 30-rules.md §3 (claimed)
-- left out: nothing; course_no is null where the list has no such course
with

claims as (
    select
        delivery_no,
        row_number,
        contract_id,
        course_id,
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
        contract_id,
        course_id
    from {{ ref('int_courses__resolve_known') }}
),

keep_newest as (
    select
        claims.contract_id,
        claims.course_id,
        claims.month,
        arg_max(claims.is_claimed, deliveries.delivery_rank) as is_claimed,
        arg_max(claims.delivery_no, deliveries.delivery_rank) as delivery_no,
        arg_max(claims.row_number, deliveries.delivery_rank) as row_number
    from claims
    inner join deliveries on claims.delivery_no = deliveries.delivery_no
    group by
        claims.contract_id,
        claims.course_id,
        claims.month
),

final as (
    select
        keep_newest.contract_id,
        keep_newest.course_id,
        courses.course_no,
        keep_newest.month,
        keep_newest.is_claimed,
        keep_newest.delivery_no,
        keep_newest.row_number
    from keep_newest
    left join courses
        on
            keep_newest.contract_id = courses.contract_id
            and keep_newest.course_id = courses.course_id
)

select * from final
