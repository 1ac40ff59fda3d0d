-- Hvor langt er hele kommunen med fokusmålet, måned for måned?
select
    calendar_month.label_da as maaned,
    count(*) as ydelser,
    count(*) filter (where focus_goal.null_reason = 'hidden') as ydelser_med_skjulte_tal,
    sum(focus_goal.persons) as borgere_i_viste_ydelser,
    sum(focus_goal.with_either) as med_virksomhed_eller_timer,
    (
        sum(focus_goal.with_either)::decimal(18, 6)
        / nullif(sum(focus_goal.persons) filter (where focus_goal.with_either is not null), 0)
    )::decimal(9, 4) as andel_hvor_begge_tal_vises,
    max(focus_goal.target_share) as maal
from mart.focus_goal
inner join mart.calendar_month on focus_goal.month = calendar_month.month
group by calendar_month.month, calendar_month.label_da
order by calendar_month.month
