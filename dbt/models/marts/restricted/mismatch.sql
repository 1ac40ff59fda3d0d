-- grain: one row per contract, course, month and kind
-- counts: where list, claim, register and contract disagree, who can act, and how
-- clause: 50-mart.md, mismatch
-- left out: nothing
with

mismatches as (
    select
        contract_id,
        course_id,
        month,
        kind,
        amount_dkk
    from {{ ref('int_mismatches__find') }}
),

actions as (
    select
        mismatch_action.kind,
        mismatch_action.owner,
        mismatch_action.remedy
    from (
        values
        (
            'claimed_denied', 'leverandøren',
            'Registeret giver ikke ret til måneden: træk kravet tilbage, eller dokumentér fejlen'
        ),
        (
            'claimed_pending', 'kommunen',
            'Måneden kan ikke afgøres endnu: indlæs det manglende registerudtræk'
        ),
        (
            'unclaimed', 'leverandøren',
            'Måneden er selvforsørgende, men der er intet krav: send kravet, hvis det skal betales'
        ),
        (
            'group_differs', 'kommunen',
            'Målgruppen på listen er en anden end den, registeret viser: ret listen'
        ),
        (
            'participant_changed', 'kommunen',
            'Person eller visitationsdato er ændret på listen: bekræft, at ændringen er rigtig'
        ),
        (
            'no_income', 'kommunen',
            'Måneden har ingen ordinære løntimer: kontrollér, hvad borgeren lever af'
        ),
        (
            'two_contracts', 'kommunen',
            'Samme borger og måned hører under to kontrakter: afgør, hvilken der skal betale'
        ),
        (
            'claim_without_course', 'leverandøren',
            'Forløbet findes ikke på kommunens liste: ret forløbets id, eller få det på listen'
        ),
        (
            'claim_outside_effort', 'leverandøren',
            'Måneden ligger uden for forløbets indsatsmåneder: træk kravet tilbage'
        )
    ) as mismatch_action (kind, owner, remedy)
),

final as (
    select
        mismatches.contract_id,
        mismatches.course_id,
        mismatches.month,
        mismatches.kind,
        mismatches.amount_dkk,
        actions.owner,
        actions.remedy
    from mismatches
    left join actions on mismatches.kind = actions.kind
)

select * from final
