-- Hvor stor en andel blev selvforsørgende, og hvor stor var den før?
select
    contract.title as kontrakt,
    settlement.period_label as periode,
    settlement_part.price_group as ydelse,
    settlement_part.achieved_share as opnaaet_andel,
    settlement_part.historical_share as historisk_andel,
    settlement_part.achieved_share - settlement_part.historical_share as forskel
from mart.settlement_part
inner join mart.contract_part
    on
        settlement_part.contract_id = contract_part.contract_id
        and settlement_part.part_id = contract_part.part_id
inner join mart.settlement
    on
        settlement_part.contract_id = settlement.contract_id
        and settlement_part.period_start = settlement.period_start
inner join mart.contract on settlement_part.contract_id = contract.contract_id
where contract_part.kind = 'person_months' and settlement_part.achieved_share is not null
order by kontrakt, settlement.period_start, ydelse
