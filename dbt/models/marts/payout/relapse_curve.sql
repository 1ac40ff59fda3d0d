-- grain: one row per relapse part and whole month since the entry
-- counts: entries at risk, returns and the share still out; a share is computed from the returns
--   of all months up to its own, so it is not shown after a month whose returns are too few to show
-- rules: R5.curve, M.suppression
-- left out: nothing
with

times as (
    select
        contract_id,
        part_id,
        months_since_entry,
        at_risk,
        returned
    from {{ ref('int_relapse__time_returns') }}
),

shares as (
    select
        contract_id,
        part_id,
        months_since_entry,
        still_out_share
    from {{ ref('int_relapse__estimate_curve') }}
),

flagged as (
    select
        times.*,
        shares.still_out_share,
        bool_or({{ suppress_is_small('times.returned') }}) over (
            partition by times.contract_id, times.part_id
            order by times.months_since_entry
        ) as is_after_small_return,
        {{ suppress_flag(
            'times.at_risk', ['times.contract_id', 'times.part_id'], 'times.months_since_entry'
        ) }} as is_suppressed
    from times
    inner join shares using (contract_id, part_id, months_since_entry)
),

final as (
    select
        contract_id,
        part_id,
        months_since_entry::bigint as months_since_entry,
        {{ suppress_measure('at_risk', ['at_risk']) }} as at_risk,
        {{ suppress_measure('returned', ['returned']) }} as returned,
        case
            when not is_after_small_return
                then {{ suppress_measure('still_out_share', ['at_risk']) }}
        end as still_out_share,
        is_suppressed
    from flagged
)

select * from final
