-- grain: one row per person number
-- counts: the dense number and the pseudonymous key of each person number
-- rules: I.person_key
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
