-- grain: one row per relapse part
-- counts: entries by outcome; expected relapses at the baseline's rate, avoided ones, their saving
--   (floored at 0, rounded once to øre), the target, the break-even and the net saving; complete
--   when the as-of date is after the last entry's follow-up day and register and eindkomst are
--   observed from the first entry month to that day
-- rules: R5.saving, R5.complete, R5.target
-- decides: R5.saving, R5.complete
-- left out: the booked amount (int_relapse__book_savings)
with

run_context as (
    select as_of_date from {{ ref('stg_run__context') }}
),

parts as (
    select
        contract_id,
        part_id,
        baseline_entries,
        baseline_relapsed,
        target_reduction,
        cost_per_relapse_dkk,
        yearly_investment_dkk,
        entries_first_month as first_entry_on,
        date_diff('month', entries_first_month, entries_last_month) + 1 as entry_months,
        last_follow_up_on,
        booking_month
    from {{ ref('stg_contracts__parts') }}
    where kind = 'relapse_reduction'
),

contracts as (
    select
        contract_id,
        register,
        has_payment
    from {{ ref('stg_contracts__contracts') }}
),

observed_runs as (
    select
        source,
        starts_on,
        ends_before
    from {{ ref('int_registers__find_observed_runs') }}
),

entries as (
    select
        contract_id,
        part_id,
        person_no,
        is_observed,
        is_retained,
        is_relapsed,
        is_any_return
    from {{ ref('int_relapse__follow_up_entries') }}
),

counts as (
    select
        contract_id,
        part_id,
        count(*) as entries,
        count(distinct person_no) as persons,
        count(*) filter (where is_observed) as observed,
        count(*) filter (where is_retained) as retained,
        count(*) filter (where is_relapsed) as relapsed,
        count(*) filter (where is_any_return) as any_return
    from entries
    group by all
),

measured as (
    select
        parts.*,
        contracts.has_payment,
        coalesce(counts.entries, 0) as entries,
        coalesce(counts.persons, 0) as persons,
        coalesce(counts.observed, 0) as observed,
        coalesce(counts.retained, 0) as retained,
        coalesce(counts.relapsed, 0) as relapsed,
        coalesce(counts.any_return, 0) as any_return,
        run_context.as_of_date > parts.last_follow_up_on
        and exists (
            select 1
            from observed_runs
            where
                observed_runs.source = contracts.register
                and observed_runs.starts_on <= parts.first_entry_on
                and observed_runs.ends_before > parts.last_follow_up_on
        )
        and exists (
            select 1
            from observed_runs
            where
                observed_runs.source = 'eindkomst'
                and observed_runs.starts_on <= parts.first_entry_on
                and observed_runs.ends_before > last_day(parts.last_follow_up_on)
        ) as is_complete
    from parts
    inner join contracts on parts.contract_id = contracts.contract_id
    cross join run_context
    left join counts
        on
            parts.contract_id = counts.contract_id
            and parts.part_id = counts.part_id
),

-- avoided relapses as an exact fraction over the baseline's entries
avoided as (
    select
        *,
        observed::hugeint * baseline_relapsed - relapsed::hugeint * baseline_entries
            as avoided_parts
    from measured
),

priced as (
    select
        *,
        greatest(
            {{ div_round(
                'avoided_parts * ' ~ to_oere('cost_per_relapse_dkk'), 'baseline_entries'
            ) }},
            0
        ) as saving_oere
    from avoided
),

final as (
    select
        contract_id,
        part_id,
        persons,
        entries,
        observed,
        retained,
        relapsed,
        any_return,
        case when observed > 0 then {{ fraction('relapsed', 'observed', 6) }} end::decimal(9, 6)
            as relapse_rate,
        {{ fraction('baseline_relapsed', 'baseline_entries', 6) }}::decimal(9, 6)
            as baseline_relapse_rate,
        {{ fraction('observed::hugeint * baseline_relapsed', 'baseline_entries', 6) }}
        ::decimal(12, 6) as expected_relapses,
        {{ fraction('avoided_parts', 'baseline_entries', 6) }}::decimal(12, 6)
            as avoided_relapses,
        {{ fraction(
            'observed::hugeint * baseline_relapsed * ' ~ to_share_parts('1 - target_reduction'),
            'baseline_entries::hugeint * ' ~ share_parts(), 6
        ) }}::decimal(12, 6) as target_relapses,
        {{ to_kroner('saving_oere') }} as saving_dkk,
        yearly_investment_dkk,
        {{ to_kroner(div_round(
            'saving_oere * 12 - ' ~ to_oere('yearly_investment_dkk') ~ ' * entry_months', '12'
        )) }} as net_saving_dkk,
        {{ fraction(to_oere('yearly_investment_dkk'), to_oere('cost_per_relapse_dkk'), 6) }}
        ::decimal(12, 6) as break_even_relapses,
        case when is_complete then 'complete' else 'incomplete' end as status,
        last_follow_up_on,
        booking_month,
        has_payment
    from priced
)

select * from final
