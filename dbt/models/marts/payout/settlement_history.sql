-- grain: one row per contract, period and publication that changed it
-- counts: state, basis, payment and hash of a period in each publication that moved one of them
-- rules: M.history
-- left out: the rows themselves: they come from the record of publications and this snapshot's own
--   settlement, so that lib/publishing/history.py adds them
with

periods as (
    select
        contract_id,
        period_start
    from {{ ref('int_periods__list') }}
),

final as (
    select
        contract_id,
        period_start,
        null::bigint as publication_no,
        null::date as as_of_date,
        null::varchar as snapshot_id,
        null::varchar as state,
        null::decimal(18, 2) as basis_dkk,
        null::decimal(18, 2) as payment_dkk,
        null::varchar as statement_sha256
    from periods
    where false
)

select * from final
