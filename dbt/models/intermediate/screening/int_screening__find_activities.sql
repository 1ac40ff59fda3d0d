{{ config(materialized='view') }}
-- grain: one row per contract, activity that is a step of the funnel, and step
-- counts: screenings, round tables by channel, entries into the special course and grants, in the
--   year of their first day; a grant counts once more if it is no earlier than the person's first
--   entry into the special course
-- rules: R8.funnel
-- left out: other activities; whether the year lies in the term (int_screening__count_steps)
with

screenings as (
    select contract_id
    from {{ ref('stg_contracts__screenings') }}
),

activities as (
    select
        person_no,
        type,
        starts_on,
        channel
    from {{ ref('int_activities__resolve_known') }}
),

find_first_entries as (
    select
        person_no,
        min(starts_on) as first_entered_on
    from activities
    where type = 'særligt forløb'
    group by person_no
),

name_steps as (
    select
        screenings.contract_id,
        activities.person_no,
        year(activities.starts_on) as year,
        case
            when activities.type = 'screening' then 'screened'
            when activities.type = 'rundbordssamtale' and activities.channel = 'telefon'
                then 'round_table_phone'
            when activities.type = 'rundbordssamtale' and activities.channel = 'besøg'
                then 'round_table_visit'
            when activities.type = 'særligt forløb' then 'special_course'
            when activities.type = 'bevilling fastholdelsesfleksjob' then 'granted_retention_all'
        end as step
    from screenings
    cross join activities
),

find_grants_after_course as (
    select
        screenings.contract_id,
        activities.person_no,
        year(activities.starts_on) as year,
        case activities.type
            when 'bevilling fleksjob' then 'granted_flex_after'
            else 'granted_retention_after'
        end as step
    from screenings
    cross join activities
    inner join find_first_entries
        on
            activities.person_no = find_first_entries.person_no
            and activities.starts_on >= find_first_entries.first_entered_on
    where activities.type in ('bevilling fleksjob', 'bevilling fastholdelsesfleksjob')
),

list_steps as (
    select * from name_steps
    where step is not null
    union all by name
    select * from find_grants_after_course
),

final as (
    select
        contract_id,
        person_no,
        year,
        step
    from list_steps
)

select * from final
