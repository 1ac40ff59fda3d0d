-- Hvad ville andre vilkår koste?
select
    contract.title as kontrakt,
    settlement.period_label as til_og_med,
    coalesce(nullif(settlement_variant.variant_id, ''), 'kontraktens egne') as vilkaar,
    settlement_variant.basis_cumulative_dkk as grundlag,
    settlement_variant.entitlement_cumulative_dkk as optjent,
    settlement_variant.difference_dkk as forskel_til_egne_vilkaar
from mart.settlement_variant
inner join mart.settlement
    on
        settlement_variant.contract_id = settlement.contract_id
        and settlement_variant.period_start = settlement.period_start
inner join mart.contract on settlement_variant.contract_id = contract.contract_id
qualify rank() over (
    partition by settlement_variant.contract_id order by settlement_variant.period_start desc
) = 1
order by kontrakt, settlement_variant.variant_id
