-- grain: one row per activity known as of the run
-- counts: the row of the newest known delivery that contains the activity's key; persons resolved
--   to the newest number of their chain
-- rules: I.aktiviteter, I.upsert
-- left out: nothing
with

activities as (
    select
        delivery_no,
        row_number,
        activity_id,
        person_no,
        type,
        starts_on,
        ends_before,
        channel,
        result
    from {{ ref('stg_aktiviteter__activities') }}
),

deliveries as (
    select
        delivery_no,
        delivery_rank
    from {{ ref('stg_deliveries__known') }}
),

identities as (
    select
        person_no,
        canonical_person_no
    from {{ ref('int_persons__resolve_identity') }}
),

ranked as (
    select
        activities.*,
        row_number() over (
            partition by activities.activity_id
            order by deliveries.delivery_rank desc, activities.row_number desc
        ) as newness
    from activities
    inner join deliveries using (delivery_no)
),

final as (
    select
        ranked.activity_id,
        coalesce(identities.canonical_person_no, ranked.person_no) as person_no,
        ranked.type,
        ranked.starts_on,
        ranked.ends_before,
        ranked.channel,
        ranked.result,
        ranked.delivery_no,
        ranked.row_number
    from ranked
    left join identities using (person_no)
    where ranked.newness = 1
)

select * from final
