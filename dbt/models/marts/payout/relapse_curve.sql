-- grain: one row per relapse part, at month 0 and at each month at which at least five returns have
--   come since the row before
-- counts: entries at risk in the month, returns since the row before, and the share still out in
--   the month; too few returns of month 0 are hidden and come in the next row
-- rules: R5.curve, M.curve, M.suppression
-- left out: what comes after the last such month
with

times as (
    select
        contract_id,
        part_id,
        months_since_entry,
        at_risk,
        persons
    from {{ ref('int_relapse__time_returns') }}
),

gathered as (
    select
        contract_id,
        part_id,
        months_since_entry,
        returned
    from {{ ref('int_relapse__gather_returns') }}
),

shares as (
    select
        contract_id,
        part_id,
        months_since_entry,
        still_out_share
    from {{ ref('int_relapse__estimate_curve') }}
),

drawn as (
    select
        times.contract_id,
        times.part_id,
        times.months_since_entry::bigint as months_since_entry,
        times.at_risk,
        times.persons,
        gathered.returned,
        shares.still_out_share
    from gathered
    inner join times using (contract_id, part_id, months_since_entry)
    inner join shares using (contract_id, part_id, months_since_entry)
),

final as (
    {{ publish_statistics('relapse_curve', 'drawn') }}
)

select * from final
