-- Hvor mange kroner er krav og register uenige om, pr. kvartal og art?
select
    calendar_month.quarter_label as kvartal,
    label.label_da as art,
    sum(claim_match_period.month_count) as maaneder,
    sum(claim_match_period.amount_dkk) as kroner
from mart.claim_match_period
inner join mart.calendar_month
    on date_trunc('month', claim_match_period.period_start) = calendar_month.month
inner join mart.label on label.domain = 'match' and claim_match_period.match = label.code
where claim_match_period.match not in ('agreed', 'none')
group by calendar_month.quarter_label, label.label_da, label.sort_order
order by kvartal, label.sort_order
