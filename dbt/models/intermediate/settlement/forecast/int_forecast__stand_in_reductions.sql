-- grain: one row per contract, fte part that is not complete, and group
-- counts: what the part would book if the missing evaluation months were like the published ones,
--     an exact fraction rounded once and netted as a complete one is; how many months it rests on
-- rules: S.fte_stand_in, R4.netting
-- decides: S.fte_stand_in
-- left out: parts that are complete. A group without a published evaluation month counts 0, and so
--     does a part of which a baseline month is missing
with

reductions as (
    select
        contract_id,
        part_id,
        benefit_group,
        rate_dkk,
        booking_month,
        netting,
        baseline_months,
        evaluation_months,
        evaluation_published,
        whole_baseline_parts,
        evaluation_parts
    from {{ ref('int_fte__measure_reduction') }}
    where status = 'incomplete'
),

judged as (
    select
        *,
        bool_and(whole_baseline_parts is not null) over (partition by contract_id, part_id)
            as has_whole_baseline
    from reductions
),

priced as (
    select
        *,
        case
            when has_whole_baseline and evaluation_published > 0
                then
                    {{ div_round(
                        '(whole_baseline_parts * evaluation_published'
                        ~ ' - evaluation_parts * baseline_months)'
                        ~ ' * evaluation_months * ' ~ to_oere('rate_dkk'),
                        'baseline_months * evaluation_published * ' ~ fte_parts()
                    ) }}
            else 0
        end as group_oere
    from judged
),

summed as (
    select
        *,
        sum(group_oere) over (partition by contract_id, part_id) as part_oere
    from priced
),

final as (
    select
        contract_id,
        part_id,
        benefit_group,
        booking_month,
        evaluation_months,
        evaluation_published,
        case
            when netting = 'per_group' then greatest(group_oere, 0)
            when part_oere > 0 then group_oere
            else 0
        end::hugeint as booked_oere
    from summed
)

select * from final
