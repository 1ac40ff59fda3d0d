{{ config(materialized='table') }}
-- grain: one row per register source
-- counts: the sources that can decide a contract, with their number in the large tables
-- rules: C.register
-- left out: sources that are no benefit register
with

final as (
    select
        register.register_no::utinyint as register_no,
        register.source,
        register.is_weekly
    from (
        values
        (1, 'ydelsesforloeb', false),
        (2, 'dream', true),
        (3, 'ydelsesrefusion', true)
    ) as register (register_no, source, is_weekly)
)

select * from final
