-- grain: one row per contract and benefit group of its potential
-- counts: gross and net expenditure of a full-time person, per year and week, and the saving
-- rules: R6.potential
-- left out: nothing
with

potentials as (
    select
        contract_id,
        benefit_group,
        gross_dkk,
        refund_share,
        net_dkk,
        net_per_week_dkk,
        reduced_fte,
        saving_dkk
    from {{ ref('int_potential__price_groups') }}
),

final as (
    select
        contract_id,
        benefit_group,
        gross_dkk,
        refund_share,
        net_dkk,
        net_per_week_dkk,
        reduced_fte,
        saving_dkk
    from potentials
)

select * from final
