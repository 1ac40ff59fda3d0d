-- grain: one row per domain and code
-- counts: the Danish name of every code that a published column can hold, in the order of the table
--   of words
-- rules: M.label
-- left out: words that no published column holds (findings' causes, messages)
with

words as (
    select
        word_no,
        domain,
        code,
        label_da,
        description_da
    from {{ ref('stg_words__words') }}
    where label_da is not null
),

published as (
    select *
    from words
    where domain in ({{ published_domains() }})
),

final as (
    select
        domain,
        code,
        label_da,
        row_number() over (partition by domain order by word_no) as sort_order,
        description_da
    from published
)

select * from final
