-- grain: one row per relapse part, at month 0 and at each month at which more returns than the limit
--   have come since the row before
-- counts: entries at risk in the month, returns since the row before (too few ones of month 0 come in
--   the next row), and the share still out in the month
-- rules: R5.curve, M.curve, M.suppression
-- left out: what comes after the last such month
with recursive

times as (
    select
        contract_id,
        part_id,
        months_since_entry,
        at_risk,
        returned,
        persons
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

gathered as (
    select
        contract_id,
        part_id,
        months_since_entry,
        returned as gathered_returns
    from times
    where months_since_entry = 0
    union all
    select
        times.contract_id,
        times.part_id,
        times.months_since_entry,
        times.returned
        + case
            when gathered.gathered_returns > {{ suppress_limit() }} then 0
            else gathered.gathered_returns
        end as gathered_returns
    from times
    inner join gathered
        on
            times.contract_id = gathered.contract_id
            and times.part_id = gathered.part_id
            and times.months_since_entry = gathered.months_since_entry + 1
),

drawn as (
    select
        times.contract_id,
        times.part_id,
        times.months_since_entry::bigint as months_since_entry,
        times.at_risk,
        times.persons,
        gathered.gathered_returns as returned,
        shares.still_out_share
    from gathered
    inner join times using (contract_id, part_id, months_since_entry)
    inner join shares using (contract_id, part_id, months_since_entry)
    where
        gathered.months_since_entry = 0
        or gathered.gathered_returns > {{ suppress_limit() }}
),

final as (
    {{ publish_statistics('relapse_curve', 'drawn') }}
)

select * from final
