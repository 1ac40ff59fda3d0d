-- grain: one row per figure of the documents whose recomputation differs from what is printed
-- counts: the printed and the recomputed figure, their difference and its kind
-- rules: R7.errata
-- left out: figures that are right
with

errata as (
    select
        document,
        place,
        stated,
        recomputed,
        difference,
        kind
    from {{ ref('stg_document_figures__figures') }}
    where is_erratum
),

final as (
    select
        document,
        place,
        stated,
        recomputed,
        difference,
        kind
    from errata
)

select * from final
