-- grain: one row per relapse part and whole month since the entry, from 0 to the greatest time
-- counts: at risk = entries whose time is at least m, and their persons; returned = first returns
--   with time m; time runs in completed calendar months to the first return if every day up to it
--   is observed, else to the last day observed without a hole
-- rules: R5.curve
-- left out: the share still out, which the standard estimator gives (int_relapse__estimate_curve)
with

entries as (
    select
        contract_id,
        part_id,
        person_no,
        entry_date,
        first_return_date,
        observed_before,
        coalesce(first_return_date < observed_before, false) as is_return
    from {{ ref('int_relapse__follow_up_entries') }}
),

last_days as (
    select
        contract_id,
        part_id,
        person_no,
        entry_date,
        is_return,
        case
            when is_return then first_return_date
            else greatest(observed_before - 1, entry_date)
        end as last_day
    from entries
),

times as (
    select
        contract_id,
        part_id,
        person_no,
        is_return,
        date_diff('month', entry_date, last_day)
        - case when day(last_day) < day(entry_date) then 1 else 0 end as months_since_entry
    from last_days
),

months as (
    select
        contract_id,
        part_id,
        unnest(generate_series(0, max(months_since_entry))) as months_since_entry
    from times
    group by contract_id, part_id
),

final as (
    select
        months.contract_id,
        months.part_id,
        months.months_since_entry,
        count(*) as at_risk,
        count(*) filter (
            where times.is_return and times.months_since_entry = months.months_since_entry
        ) as returned,
        count(distinct times.person_no) as persons
    from months
    inner join times
        on
            months.contract_id = times.contract_id
            and months.part_id = times.part_id
            and months.months_since_entry <= times.months_since_entry
    group by all
)

select * from final
