-- Hvor mange kroner står i kladde, er godkendt, og er betalt?
select
    contract.title as kontrakt,
    label.label_da as tilstand,
    count(*) as perioder,
    sum(settlement.basis_dkk) as grundlag,
    sum(settlement.payment_dkk) as betaling
from mart.settlement
inner join mart.contract on settlement.contract_id = contract.contract_id
inner join mart.label on label.domain = 'state' and settlement.state = label.code
group by contract.title, label.label_da, label.sort_order
order by kontrakt, label.sort_order
