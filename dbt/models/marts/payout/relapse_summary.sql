-- grain: one row per relapse part
-- counts: employment entries and what became of them, against the baseline and the target
-- rules: R5.saving, M.suppression
-- left out: the entries themselves (restricted.employment_entry)
with

summaries as (
    select
        contract_id,
        part_id,
        persons,
        entries,
        observed,
        retained,
        relapsed,
        any_return,
        relapse_rate,
        baseline_relapse_rate,
        expected_relapses,
        avoided_relapses,
        target_relapses,
        saving_dkk,
        yearly_investment_dkk,
        net_saving_dkk,
        break_even_relapses,
        status
    from {{ ref('int_relapse__summarise') }}
),

explained as (
    select
        *,
        case when entries > 0 then 'not_observed' else 'not_applicable' end as rate_is_missing
    from summaries
),

final as (
    {{ publish_statistics('relapse_summary', 'explained') }}
)

select * from final
