-- grain: one row per contract, closed unapproved period and kind (delivery_refused, delivery_held)
-- counts: open faults of the sources that the contract's parts need, extracted on the first day of
--     the period or later (held statistics: whenever, for a part looks back at them); no amount can
--     be given
-- rules: S.blockers
-- left out: faults that a later delivery has mended (int_deliveries__find_open_faults)
with

periods as (
    select
        contract_id,
        period_start
    from {{ ref('int_periods__list') }}
    where is_closed and not is_approved
),

contracts as (
    select
        contract_id,
        register
    from {{ ref('stg_contracts__contracts') }}
),

parts as (
    select
        contract_id,
        kind
    from {{ ref('stg_contracts__parts') }}
),

faults as (
    select
        source,
        extracted_on,
        kind
    from {{ ref('int_deliveries__find_open_faults') }}
),

needed_sources as (
    select
        parts.contract_id,
        contracts.register as source
    from parts
    inner join contracts on parts.contract_id = contracts.contract_id
    where parts.kind in ('person_months', 'relapse_reduction')
    union
    select
        parts.contract_id,
        needs.source
    from parts
    inner join (
        values
        ('person_months', 'personstatus'),
        ('person_months', 'deltagere'),
        ('person_months', 'resultatkrav'),
        ('fte_reduction', 'jobindsats'),
        ('relapse_reduction', 'eindkomst'),
        ('relapse_reduction', 'personstatus')
    ) as needs (kind, source)
        on parts.kind = needs.kind
),

final as (
    select
        periods.contract_id,
        periods.period_start,
        faults.kind,
        count(*) as item_count,
        0::decimal(18, 2) as amount_dkk
    from periods
    inner join needed_sources on periods.contract_id = needed_sources.contract_id
    inner join faults
        on
            needed_sources.source = faults.source
            and (
                periods.period_start <= faults.extracted_on
                or (faults.source = 'jobindsats' and faults.kind = 'delivery_held')
            )
    group by all
)

select * from final
