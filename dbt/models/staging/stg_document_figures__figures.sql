-- grain: one row per figure of the documents
-- counts: stated and recomputed values
-- rules: R7.errata
-- left out: nothing
with

source as (
    select * from {{ source('raw', 'document_figure') }}
),

final as (
    select
        figure_no,
        document,
        place,
        stated,
        unit,
        expression,
        kind,
        stated_value,
        recomputed,
        difference,
        is_erratum
    from source
)

select * from final
