-- Hvilke kontroller fandt noget, og hvem kan gøre noget ved det?
select
    gate_label.label_da as gate,
    data_quality.check_id as kontrol,
    data_quality.subject as emne,
    severity_label.label_da as alvor,
    data_quality.unexpected as antal,
    data_quality.owner as hvem,
    data_quality.remedy as goer_saadan
from mart.data_quality
inner join mart.label as gate_label
    on gate_label.domain = 'gate' and data_quality.gate::varchar = gate_label.code
inner join mart.label as severity_label
    on severity_label.domain = 'severity' and data_quality.severity = severity_label.code
where not data_quality.is_success
order by data_quality.gate, kontrol
