-- grain: one row per person and month with ordinary wage rows
-- counts: hours of ordinary employment in months that the row's delivery owns, over all employers
-- rules: I.eindkomst, R3.no_income, R5.entry
-- left out: fleksjob and løntilskud
with

wages as (
    select
        delivery_no,
        person_no,
        month,
        hours
    from {{ ref('stg_eindkomst__wages') }}
    where employment_type = 'ordinær'
),

windows as (
    select
        delivery_no,
        starts_on,
        ends_before
    from {{ ref('int_deliveries__resolve_effective_windows') }}
),

persons as (
    select
        person_no,
        canonical_person_no
    from {{ ref('int_persons__resolve_identity') }}
),

final as (
    select
        wages.month,
        coalesce(persons.canonical_person_no, wages.person_no) as person_no,
        sum(wages.hours)::decimal(18, 2) as hours
    from wages
    inner join windows
        on
            wages.delivery_no = windows.delivery_no
            and wages.month >= windows.starts_on
            and wages.month < windows.ends_before
    left join persons on wages.person_no = persons.person_no
    group by
        coalesce(persons.canonical_person_no, wages.person_no),
        wages.month
)

select * from final
