-- Hvor mange kroner er der optjent og udbetalt til dato, og hvor langt er der til loftet?
select
    contract.title as kontrakt,
    settlement.period_label as seneste_periode,
    settlement.basis_cumulative_dkk as grundlag,
    settlement.entitlement_cumulative_dkk as optjent,
    settlement.payment_cumulative_dkk + settlement.carried_forward_dkk as udbetales_i_alt,
    settlement.held_cumulative_dkk as tilbageholdt,
    contract.payment_ceiling_dkk as betalingsloft,
    contract.basis_ceiling_dkk as grundlagsloft,
    settlement.headroom_to_ceiling_dkk as rest_til_loftet,
    contract.authorised_max_dkk + contract.released_dkk as bevilget
from mart.contract
inner join mart.settlement on contract.contract_id = settlement.contract_id
where settlement.is_closed
qualify row_number() over (
    partition by contract.contract_id order by settlement.period_start desc
) = 1
order by kontrakt
