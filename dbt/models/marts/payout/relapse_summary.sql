-- grain: one row per relapse part
-- counts: employment entries and what became of them, against the baseline and the target
-- rules: R5.saving, M.suppression
-- left out: the entries themselves (restricted.employment_entry)
with

summaries as (
    select
        contract_id,
        part_id,
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

flagged as (
    select
        *,
        {{ suppress_flag('entries', ['contract_id'], 'part_id') }} as is_suppressed
    from summaries
),

final as (
    select
        contract_id,
        part_id,
        {{ suppress_measure('entries', ['entries']) }} as entries,
        {{ suppress_measure('observed', ['observed']) }} as observed,
        {{ suppress_measure('retained', ['retained']) }} as retained,
        {{ suppress_measure('relapsed', ['relapsed']) }} as relapsed,
        {{ suppress_measure('any_return', ['any_return']) }} as any_return,
        {{ suppress_measure('relapse_rate', ['observed', 'relapsed']) }} as relapse_rate,
        baseline_relapse_rate,
        {{ suppress_measure('expected_relapses', ['observed']) }} as expected_relapses,
        {{ suppress_measure('avoided_relapses', ['observed', 'relapsed']) }} as avoided_relapses,
        {{ suppress_measure('target_relapses', ['observed']) }} as target_relapses,
        {{ suppress_measure('saving_dkk', ['observed', 'relapsed']) }} as saving_dkk,
        yearly_investment_dkk,
        {{ suppress_measure('net_saving_dkk', ['observed', 'relapsed']) }} as net_saving_dkk,
        break_even_relapses,
        status,
        is_suppressed
    from flagged
)

select * from final
