-- Hvordan gik det måned for måned i del 2: basisåret mod evalueringsåret?
select
    coalesce(contract_part.title, contract_part.part_id) as del,
    fte_effect.benefit_group as ydelse,
    month_no.n as maaned_nr,
    baseline.month as basis_maaned,
    baseline.fte_published as basis_fuldtidspersoner,
    evaluation.month as evaluering_maaned,
    evaluation.fte_published as evaluering_fuldtidspersoner,
    baseline.fte_published - evaluation.fte_published as fald
from mart.contract_part
inner join mart.contract on contract_part.contract_id = contract.contract_id
inner join mart.fte_effect
    on
        contract_part.contract_id = fte_effect.contract_id
        and contract_part.part_id = fte_effect.part_id
cross join
    unnest(range(
        1,
        2 + greatest(
            date_diff(
                'month', contract_part.baseline_first_month, contract_part.baseline_last_month
            ),
            date_diff(
                'month', contract_part.evaluation_first_month, contract_part.evaluation_last_month
            )
        )
    )) as month_no (n)
left join mart.fte_month as baseline
    on
        contract.area = baseline.area
        and fte_effect.benefit_group = baseline.benefit_group
        and contract_part.baseline_first_month + to_months(month_no.n::integer - 1) = baseline.month
        and baseline.month <= contract_part.baseline_last_month
left join mart.fte_month as evaluation
    on
        contract.area = evaluation.area
        and fte_effect.benefit_group = evaluation.benefit_group
        and contract_part.evaluation_first_month + to_months(month_no.n::integer - 1)
        = evaluation.month
        and evaluation.month <= contract_part.evaluation_last_month
order by del, ydelse, maaned_nr
