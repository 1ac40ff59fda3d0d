-- grain: one row per domain and code
-- counts: what people read for a code: its Danish name, what to do about it, who can act
-- rules: M.tables
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'word') }}
),

final as (
    select
        word_no,
        domain,
        code,
        rule_id,
        label_da,
        remedy_da,
        owner,
        description_da
    from source
)

select * from final
