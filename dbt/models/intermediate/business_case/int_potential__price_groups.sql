-- grain: one row per contract and benefit group of its potential
-- counts: net expenditure of a full-time person in whole kroner, the same per week, and the saving
--   of the reduced full-time persons
-- rules: R6.potential
-- decides: R6.potential
-- left out: whether the reduction happens (follow-up shows it)
with

groups as (
    select
        contract_id,
        benefit_group,
        gross_dkk,
        refund_share,
        reduced_fte,
        weeks_per_year
    from {{ ref('stg_contracts__potentials') }}
),

priced as (
    select
        *,
        {{ div_round(
            to_oere('gross_dkk') ~ ' * ' ~ to_share_parts('1 - refund_share'),
            to_oere('1') ~ ' * ' ~ share_parts()
        ) }} as net_kroner
    from groups
),

final as (
    select
        contract_id,
        benefit_group,
        gross_dkk,
        refund_share,
        net_kroner::decimal(18, 2) as net_dkk,
        {{ div_round('net_kroner', 'weeks_per_year') }}::decimal(18, 2) as net_per_week_dkk,
        reduced_fte,
        {{ to_kroner(div_round(
            'net_kroner * 100 * ' ~ to_fte_parts('reduced_fte'), fte_parts()
        )) }} as saving_dkk
    from priced
)

select * from final
