-- grain: one row per contract, closed unapproved period and kind
-- counts: what keeps the period from being submitted, who can act, and how
-- rules: S.blockers
-- left out: nothing
with

blockers as (
    select
        contract_id,
        period_start,
        kind,
        is_root_cause,
        item_count,
        amount_dkk
    from {{ ref('int_blockers__list') }}
),

words as (
    select
        code,
        owner,
        remedy_da
    from {{ ref('stg_words__words') }}
    where domain = 'blocker'
),

final as (
    select
        blockers.contract_id,
        blockers.period_start,
        blockers.kind,
        blockers.is_root_cause,
        blockers.item_count,
        blockers.amount_dkk,
        words.owner,
        words.remedy_da as remedy
    from blockers
    left join words on blockers.kind = words.code
)

select * from final
