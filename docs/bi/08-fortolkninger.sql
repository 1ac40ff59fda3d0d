-- Hvad ville kontrakten koste under hver fortolkning af lofterne?
select
    contract.title as kontrakt,
    settlement.period_label as til_og_med,
    settlement_reading.reading_id as fortolkning,
    settlement_reading.is_chosen as foelges,
    settlement_reading.entitlement_cumulative_dkk as optjent,
    settlement_reading.difference_to_chosen_dkk as forskel_til_den_fulgte
from mart.settlement_reading
inner join mart.settlement
    on
        settlement_reading.contract_id = settlement.contract_id
        and settlement_reading.period_start = settlement.period_start
inner join mart.contract on settlement_reading.contract_id = contract.contract_id
qualify rank() over (
    partition by settlement_reading.contract_id order by settlement_reading.period_start desc
) = 1
order by kontrakt, foelges desc, fortolkning
