-- grain: one row per expenditure table and year
-- counts: the amount (a named correction applied), the index against the table's first year, and
--   the index as printed
-- rules: R7.expenditure
-- left out: whether the two differ (erratum)
with

figures as (
    select
        table_id,
        year,
        amount_mio,
        index_stated,
        is_corrected
    from {{ ref('stg_expenditure__figures') }}
),

based as (
    select
        *,
        first_value(amount_mio) over (partition by table_id order by year) as first_amount_mio
    from figures
),

final as (
    select
        table_id,
        year,
        amount_mio,
        {{ fraction('amount_mio * 1000', 'first_amount_mio * 10', 1) }}::decimal(9, 1)
            as index_recomputed,
        index_stated,
        is_corrected
    from based
)

select * from final
