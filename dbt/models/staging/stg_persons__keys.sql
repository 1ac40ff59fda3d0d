-- grain: one row per person number
-- counts: the dense number and the pseudonymous key of each person number
-- clause: 10-inputs.md, Person numbers
-- left out: the person number itself
with

source as (
    select * from {{ source('raw', 'person') }}
),

final as (
    select
        person_no,
        person_key
    from source
)

select * from final
