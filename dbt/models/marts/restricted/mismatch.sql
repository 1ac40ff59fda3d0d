-- grain: one row per contract, course, month and kind
-- counts: where list, claim, register and contract disagree, who can act, and how
-- rules: R3.mismatch
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

words as (
    select
        code,
        owner,
        remedy_da
    from {{ ref('stg_words__words') }}
    where domain = 'mismatch'
),

final as (
    select
        mismatches.contract_id,
        mismatches.course_id,
        mismatches.month,
        mismatches.kind,
        mismatches.amount_dkk,
        words.owner,
        words.remedy_da as remedy
    from mismatches
    left join words on mismatches.kind = words.code
)

select * from final
