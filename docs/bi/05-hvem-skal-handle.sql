-- Hvem skal gøre hvad, sorteret efter kroner?
select
    settlement_blocker.owner as hvem,
    contract.title as kontrakt,
    settlement.period_label as periode,
    label.label_da as hvad,
    settlement_blocker.item_count as antal,
    settlement_blocker.amount_dkk as kroner,
    settlement_blocker.remedy as goer_saadan
from mart.settlement_blocker
inner join mart.settlement
    on
        settlement_blocker.contract_id = settlement.contract_id
        and settlement_blocker.period_start = settlement.period_start
inner join mart.contract on settlement_blocker.contract_id = contract.contract_id
inner join mart.label on label.domain = 'blocker' and settlement_blocker.kind = label.code
where settlement_blocker.is_root_cause
order by kroner desc, kontrakt, settlement_blocker.period_start, hvad
