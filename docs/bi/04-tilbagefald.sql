-- Hvor stor en andel er stadig i job, måned for måned efter ansættelsen?
select
    coalesce(contract_part.title, contract_part.part_id) as del,
    relapse_curve.months_since_entry as maaneder_efter_ansaettelsen,
    relapse_curve.at_risk as fulgt_saa_laenge,
    relapse_curve.returned as vendt_tilbage,
    relapse_curve.still_out_share as andel_ikke_vendt_tilbage,
    label.label_da as hvorfor_mangler_tal
from mart.relapse_curve
inner join mart.contract_part
    on
        relapse_curve.contract_id = contract_part.contract_id
        and relapse_curve.part_id = contract_part.part_id
left join mart.label
    on label.domain = 'null_reason' and relapse_curve.null_reason = label.code
order by del, maaneder_efter_ansaettelsen
