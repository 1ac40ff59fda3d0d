-- grain: one row per person number that was replaced
-- counts: the end of the chain of new numbers in the newest known person status, whatever its dates
-- rules: I.personstatus
-- decides: I.personstatus
-- left out: persons whose number never changed
with recursive

deliveries as (
    select
        delivery_no,
        delivery_rank
    from {{ ref('stg_deliveries__known') }}
    where source = 'personstatus'
),

events as (
    select
        delivery_no,
        person_no,
        new_person_no
    from {{ ref('stg_personstatus__events') }}
    where new_person_no is not null
),

find_newest as (
    select max(delivery_rank) as delivery_rank
    from deliveries
),

list_successions as (
    select
        events.person_no,
        events.new_person_no
    from events
    inner join deliveries on events.delivery_no = deliveries.delivery_no
    inner join find_newest on deliveries.delivery_rank = find_newest.delivery_rank
    group by all
),

follow_chains as (
    select
        person_no,
        new_person_no
    from list_successions
    union
    select
        follow_chains.person_no,
        list_successions.new_person_no
    from follow_chains
    inner join list_successions on follow_chains.new_person_no = list_successions.person_no
),

final as (
    select
        follow_chains.person_no,
        follow_chains.new_person_no as canonical_person_no
    from follow_chains
    anti join list_successions on follow_chains.new_person_no = list_successions.person_no
)

select * from final
