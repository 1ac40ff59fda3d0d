-- grain: one row
-- counts: the number of the publication in the home, what was published before it, and the heads of
--   the records that it rests on
-- rules: M.publications
-- left out: the row itself: it holds the snapshot's name, which follows from the bytes of the other
--   tables, so that lib/publishing/history.py adds it
with

run_context as (
    select as_of_date
    from {{ ref('stg_run__context') }}
),

final as (
    select
        null::bigint as publication_no,
        null::varchar as snapshot_id,
        null::varchar as previous_snapshot_id,
        as_of_date,
        null::varchar as code_version,
        null::varchar as register_head,
        null::varchar as ledger_head,
        null::timestamp as published_at
    from run_context
    where false
)

select * from final
