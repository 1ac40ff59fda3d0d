-- grain: one row per landed event
-- counts: events of the newest known person status, person by newest number
-- rules: I.personstatus, I.snapshot
-- left out: changes of number (int_persons__resolve_identity)
with

events as (
    select
        delivery_no,
        row_number,
        person_no,
        event,
        event_date
    from {{ ref('stg_personstatus__events') }}
    where event != 'nyt_cpr'
),

deliveries as (
    select
        delivery_no,
        delivery_rank
    from {{ ref('stg_deliveries__known') }}
    where source = 'personstatus'
),

persons as (
    select
        person_no,
        canonical_person_no
    from {{ ref('int_persons__resolve_identity') }}
),

find_newest as (
    select max(delivery_rank) as delivery_rank
    from deliveries
),

final as (
    select
        events.delivery_no,
        events.row_number,
        events.event,
        events.event_date,
        coalesce(persons.canonical_person_no, events.person_no) as person_no
    from events
    inner join deliveries on events.delivery_no = deliveries.delivery_no
    inner join find_newest on deliveries.delivery_rank = find_newest.delivery_rank
    left join persons on events.person_no = persons.person_no
)

select * from final
