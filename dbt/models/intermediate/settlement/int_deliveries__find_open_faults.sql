-- grain: one row per refused or held delivery that nothing has replaced yet
-- counts: deliveries extracted on or before the as-of date whose content the run does not know. A
--     known delivery of the same source and sender replaces one if it is newer (for a window: and
--     covers it; for a held one of statistics: and others of any sender have all its figures), or
--     is its mended self
-- rules: S.blockers, G.figures
-- left out: files whose name matches no source (their contract is not known); deliveries that a
--     person has withdrawn
with

received as (
    select
        delivery_no,
        source,
        extracted_on,
        covers_from,
        covers_before,
        sender,
        version_no,
        is_accepted,
        is_held,
        is_withdrawn,
        refusal_code
    from {{ ref('stg_deliveries__received') }}
    where source is not null and extracted_on is not null
),

figures as (
    select
        delivery_no,
        area,
        benefit_group,
        month
    from {{ ref('stg_jobindsats__figures') }}
    where fte is not null
),

run_context as (
    select as_of_date from {{ ref('stg_run__context') }}
),

due as (
    select received.*
    from received
    inner join run_context on received.extracted_on <= run_context.as_of_date
),

known as (
    select
        delivery_no,
        source,
        extracted_on,
        covers_from,
        covers_before,
        sender,
        version_no
    from due
    where is_accepted and not is_held and not is_withdrawn
),

faulty as (
    select * from due
    where (is_held or not is_accepted) and not is_withdrawn
),

known_figures as (
    select
        figures.area,
        figures.benefit_group,
        figures.month,
        known.extracted_on,
        known.version_no
    from figures
    inner join known on figures.delivery_no = known.delivery_no
),

lacking_figures as (
    select distinct faulty.delivery_no
    from faulty
    inner join figures on faulty.delivery_no = figures.delivery_no
    anti join known_figures
        on
            figures.area = known_figures.area
            and figures.benefit_group = known_figures.benefit_group
            and figures.month = known_figures.month
            and row(known_figures.extracted_on, known_figures.version_no)
            >= row(faulty.extracted_on, faulty.version_no)
    where faulty.is_held
),

open_faults as (
    select faulty.*
    from faulty
    where
        faulty.delivery_no in (select lacking_figures.delivery_no from lacking_figures)
        or not exists (
            select 1
            from known
            where
                known.source = faulty.source
                and known.sender is not distinct from faulty.sender
                and coalesce(known.covers_from <= faulty.covers_from, true)
                and coalesce(known.covers_before >= faulty.covers_before, true)
                and (
                    known.extracted_on > faulty.extracted_on
                    or (
                        known.extracted_on = faulty.extracted_on
                        and (
                            known.version_no > faulty.version_no
                            or (
                                known.version_no = faulty.version_no
                                and faulty.refusal_code is distinct from 'DELIVERY_CONFLICT'
                            )
                        )
                    )
                )
        )
),

final as (
    select
        delivery_no,
        source,
        extracted_on,
        case when is_held then 'delivery_held' else 'delivery_refused' end as kind
    from open_faults
)

select * from final
