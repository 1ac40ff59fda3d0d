-- grain: one row per contract that pays and relapse part that is not complete
-- counts: the saving of all entries known so far at the relapse rate of the observed ones, at least
--     0, the rate not rounded; 0 where none is observed
-- rules: S.relapse_stand_in
-- decides: S.relapse_stand_in
-- left out: parts that are complete, and parts of tracked contracts
with

summaries as (
    select
        contract_id,
        part_id,
        entries,
        observed,
        relapsed,
        booking_month
    from {{ ref('int_relapse__summarise') }}
    where
        has_payment
        and status = 'incomplete'
),

parts as (
    select
        contract_id,
        part_id,
        baseline_entries,
        baseline_relapsed,
        cost_per_relapse_dkk
    from {{ ref('stg_contracts__parts') }}
),

joined as (
    select
        summaries.*,
        parts.baseline_entries,
        parts.cost_per_relapse_dkk,
        parts.baseline_relapsed::hugeint * summaries.observed
        - summaries.relapsed::hugeint * parts.baseline_entries as avoided_parts
    from summaries
    inner join parts
        on
            summaries.contract_id = parts.contract_id
            and summaries.part_id = parts.part_id
),

final as (
    select
        contract_id,
        part_id,
        booking_month,
        entries,
        observed,
        greatest(
            coalesce(
                {{ div_round(
                    'avoided_parts * entries * ' ~ to_oere('cost_per_relapse_dkk'),
                    'baseline_entries::hugeint * observed'
                ) }},
                0
            ),
            0
        )::hugeint as booked_oere
    from joined
)

select * from final
