-- grain: one row per relapse part, at month 0 and at each month at which more returns than too few
--   have come since the row before
-- counts: returns since the row before; too few ones of month 0 come in the next row, and the row
--   of month 0 is not to show them
-- rules: M.curve
-- decides: M.curve
-- left out: what comes after the last such month
with recursive

times as (
    select
        contract_id,
        part_id,
        months_since_entry,
        returned
    from {{ ref('int_relapse__time_returns') }}
),

gathered as (
    select
        contract_id,
        part_id,
        months_since_entry,
        returned
    from times
    where months_since_entry = 0
    union all
    select
        times.contract_id,
        times.part_id,
        times.months_since_entry,
        times.returned
        + case
            when {{ suppress_is_small('gathered.returned') }} then gathered.returned
            else 0
        end as returned
    from times
    inner join gathered
        on
            times.contract_id = gathered.contract_id
            and times.part_id = gathered.part_id
            and times.months_since_entry = gathered.months_since_entry + 1
),

final as (
    select
        contract_id,
        part_id,
        months_since_entry,
        returned
    from gathered
    where
        months_since_entry = 0
        or returned > {{ suppress_limit() }}
)

select * from final
