-- Hvad er ændret siden den forrige udgivelse?
select
    contract.title as kontrakt,
    settlement.period_label as periode,
    before_label.label_da as tilstand_foer,
    now_label.label_da as tilstand_nu,
    earlier.basis_dkk as grundlag_foer,
    changed.basis_dkk as grundlag_nu,
    earlier.payment_dkk as betaling_foer,
    changed.payment_dkk as betaling_nu,
    changed.payment_dkk - coalesce(earlier.payment_dkk, 0) as forskel
from mart.publication
inner join mart.settlement_history as changed
    on publication.publication_no = changed.publication_no
left join mart.settlement_history as earlier
    on
        changed.contract_id = earlier.contract_id
        and changed.period_start = earlier.period_start
        and changed.publication_no > earlier.publication_no
left join mart.settlement
    on
        changed.contract_id = settlement.contract_id
        and changed.period_start = settlement.period_start
left join mart.contract on changed.contract_id = contract.contract_id
left join mart.label as before_label
    on before_label.domain = 'state' and earlier.state = before_label.code
left join mart.label as now_label
    on now_label.domain = 'state' and changed.state = now_label.code
qualify row_number() over (
    partition by changed.contract_id, changed.period_start order by earlier.publication_no desc
) = 1
order by kontrakt, changed.period_start
