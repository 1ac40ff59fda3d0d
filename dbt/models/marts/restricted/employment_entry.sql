-- grain: one row per relapse part, person and employment entry
-- counts: whether the follow-up day is observed and how the person stood on it
-- rules: R5.entry, R5.follow_up
-- left out: case ends without wage hours, and entries within a counted one's follow-up
with

entries as (
    select
        contract_id,
        part_id,
        person_no,
        entry_date,
        follow_up_date,
        is_observed,
        is_retained,
        is_relapsed,
        is_any_return,
        first_return_date
    from {{ ref('int_relapse__follow_up_entries') }}
),

persons as (
    select
        person_no,
        person_key
    from {{ ref('stg_persons__keys') }}
),

final as (
    select
        entries.contract_id,
        entries.part_id,
        persons.person_key,
        entries.entry_date,
        entries.follow_up_date,
        entries.is_observed,
        entries.is_retained,
        entries.is_relapsed,
        entries.is_any_return,
        entries.first_return_date
    from entries
    inner join persons using (person_no)
)

select * from final
