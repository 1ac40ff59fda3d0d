-- grain: one row per contract, closed unapproved period and kind
-- counts: what keeps the period from being submitted, who can act, and how
-- clause: 40-settlement.md, Blockers
-- left out: nothing
with

blockers as (
    select
        contract_id,
        period_start,
        kind,
        item_count,
        amount_dkk
    from {{ ref('int_blockers__list') }}
),

actions as (
    select
        blocker_action.kind,
        blocker_action.owner,
        blocker_action.remedy
    from (
        values
        (
            'register_not_observed', 'kommunen',
            'Indlæs et registerudtræk, der dækker hele måneden og er trukket efter fristen'
        ),
        (
            'person_status_missing', 'kommunen',
            'Indlæs et udtræk af personstatus, der er trukket efter månedens udløb'
        ),
        (
            'statistics_missing', 'kommunen',
            'Indlæs den offentliggjorte statistik for de manglende måneder'
        ),
        (
            'earlier_period_open', 'leverandøren og kommunen',
            'Indsend, kontrollér og godkend de tidligere perioder først'
        ),
        (
            'amount_held', 'kommunen',
            'Beløbet ligger over det bevilgede: frigiv det ved navn, eller indsend med begrundelse'
        ),
        (
            'delivery_refused', 'afsenderen af filen',
            'Ret filen efter rapporten i karantænen, og læg den i landing igen'
        ),
        (
            'delivery_held', 'kommunen',
            'Kontrollér rækketallet, og godkend leverancen med effekt accept, eller indlæs en ny'
        ),
        (
            'claims_pending', 'kommunen',
            'Afvent eller indlæs det udtræk, der afgør de måneder, som kravene gælder'
        )
    ) as blocker_action (kind, owner, remedy)
),

final as (
    select
        blockers.contract_id,
        blockers.period_start,
        blockers.kind,
        blockers.item_count,
        blockers.amount_dkk,
        actions.owner,
        actions.remedy
    from blockers
    left join actions on blockers.kind = actions.kind
)

select * from final
