-- grain: one row per contract and course
-- counts: the row of the newest known delivery that contains the course, person by newest number
-- rules: I.deltagere, I.upsert
-- decides: I.upsert
-- left out: courses of contracts that the run does not load
with

courses as (
    select
        delivery_no,
        row_number,
        contract_id,
        course_id,
        course_ref,
        person_no,
        visited_on,
        stated_group,
        ended_on,
        end_reason
    from {{ ref('stg_deltagere__courses') }}
),

deliveries as (
    select
        delivery_no,
        delivery_rank
    from {{ ref('stg_deliveries__known') }}
    where source = 'deltagere'
),

contracts as (
    select contract_id
    from {{ ref('stg_contracts__contracts') }}
),

persons as (
    select
        person_no,
        canonical_person_no
    from {{ ref('int_persons__resolve_identity') }}
),

keep_newest as (
    select courses.*
    from courses
    inner join deliveries on courses.delivery_no = deliveries.delivery_no
    semi join contracts on courses.contract_id = contracts.contract_id
    qualify
        row_number() over (
            partition by courses.course_ref
            order by deliveries.delivery_rank desc, courses.row_number asc
        ) = 1
),

final as (
    select
        keep_newest.contract_id,
        keep_newest.course_id,
        keep_newest.course_ref,
        keep_newest.visited_on,
        keep_newest.stated_group,
        keep_newest.ended_on,
        keep_newest.end_reason,
        keep_newest.delivery_no,
        keep_newest.row_number,
        (row_number() over (order by keep_newest.contract_id, keep_newest.course_id))::integer
            as course_no,
        coalesce(persons.canonical_person_no, keep_newest.person_no) as person_no
    from keep_newest
    left join persons on keep_newest.person_no = persons.person_no
)

select * from final
