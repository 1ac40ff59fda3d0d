"""One planted defect for every declared check of gates 10 to 40.

``before`` makes the fixture's night show the rule at all (an approved period, a wide register);
the check must pass then. ``plant`` breaks it; the check must fail then. Statements run inside a
transaction that is rolled back.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Defect:
    """Statements that make a check fail on a sound night."""

    plant: str
    before: str = ""


_DELIVERY = "(select min(delivery_no) from raw.known_delivery)"
_SPELLS = "(select min(delivery_no) from raw.ydelsesforloeb)"
_KNOWN = "raw.known_delivery"
_WINDOWS = "intermediate.int_deliveries__resolve_effective_windows"
_PERIOD = "(select min(period_start) from intermediate.int_payments__settle_periods)"
_LAST = "(select max(period_start) from intermediate.int_payments__settle_periods)"
_LINES = "intermediate.int_lines__number"
_LINE = f"period_start = (select max(period_start) from {_LINES}) and line_no = 1"
_PM = "intermediate.int_person_months__price"
_COURSE = "intermediate.int_courses__decide_eligibility"
_PAID = "intermediate.int_payments__settle_periods"
_READ = "intermediate.int_payments__apply_readings"
_CURVE = "intermediate.int_payments__draw_curve"
_FORECAST = "intermediate.int_forecast__settle_periods"
_OUTLOOK = "intermediate.int_outlook__find_periods"
_FTE = "intermediate.int_fte__sum_register_months"
_ENTRY = "intermediate.int_relapse__follow_up_entries"
_APPROVE = f"""
    update intermediate.int_periods__list set is_approved = true
        where period_start <= date '2024-03-01';
    insert into raw.frozen_settlement by name
        select * from {_PAID} where period_start <= date '2024-03-01';
    insert into raw.frozen_line by name
        select * from intermediate.int_lines__number where period_start <= date '2024-03-01';
"""
_ENTRIES = f"""
    insert into raw.contract_part (contract_id, part_id, kind, entries_first_month,
        entries_last_month, follow_up_days)
        values ('k', 'r', 'relapse_reduction', date '2023-01-01', date '2023-12-01', 365);
    insert into {_ENTRY} (contract_id, part_id, person_no, entry_date, follow_up_date, is_observed,
        is_retained, is_relapsed) values
        ('k', 'r', 1, date '2023-02-01', date '2024-02-01', true, true, false),
        ('k', 'r', 2, date '2023-03-01', date '2024-02-29', false, null, null);
"""
_VARIANT = "intermediate.int_variants__compare"
_VARIANTS = f"""
    insert into raw.contract_variant
        select contract_id || '~' || name, contract_id, name, row_number() over ()
        from raw.contract cross join (values (''), ('v')) as variant (name);
    insert into {_VARIANT}
        select paid.contract_id, paid.period_start, variant.name, paid.basis_dkk,
            paid.basis_cumulative_dkk, paid.entitlement_cumulative_dkk, 0
        from {_PAID} as paid
        inner join intermediate.int_periods__list as listed using (contract_id, period_start)
        cross join (values (''), ('v')) as variant (name)
        where not listed.is_final;
"""
_SUMMARY = "intermediate.int_relapse__summarise"
_SUMMARISED = f"""
    {_ENTRIES}
    insert into {_SUMMARY} (contract_id, part_id, entries, observed, retained, relapsed, any_return,
        expected_relapses, avoided_relapses, saving_dkk, status, last_follow_up_on, has_payment)
        values ('k', 'r', 2, 1, 1, 0, 0, 0.5, 0.5, 100, 'incomplete', date '2024-12-30', true);
    insert into intermediate.int_relapse__book_savings
        values ('k', 'r', date '2024-12-01', 0);
"""
_DUE = "intermediate.int_deadlines__judge"
_DEADLINES = f"""
    insert into {_DUE} (contract_id, period_start, step, owner, due_on, days_late, status)
        select contract_id, period_start, 'submit', 'provider', min(working.day), 0, 'due'
        from intermediate.int_periods__list, (
            select unnest(generate_series(date '2000-01-03', date '2040-12-31', interval 7 day))
                ::date as day
        ) as working
        where is_closed and working.day > period_end
        group by contract_id, period_start;
    insert into intermediate.int_steps__find_done (contract_id, period_start, step, done_on)
        select contract_id, period_start, 'submit', period_end from intermediate.int_periods__list
        where is_closed;
"""
_DECIDED = f"""
    insert into intermediate.int_decisions__choose (contract_id, course_id, month, is_paid)
        select contract_id, course_id, month, false from {_PM} where is_payable limit 1;
    update {_PM} as decided
        set is_decided = true, reason = 'decided', is_payable = false, amount_dkk = 0
        from intermediate.int_decisions__choose as chosen
        where decided.contract_id = chosen.contract_id and decided.course_id = chosen.course_id
            and decided.month = chosen.month;
"""
_RETURNS = "intermediate.int_relapse__time_returns"
_SHARES = "intermediate.int_relapse__estimate_curve"
_RETURNED = f"""
    {_ENTRIES}
    insert into {_RETURNS} (contract_id, part_id, months_since_entry, at_risk, returned)
        values ('k', 'r', 0, 2, 0), ('k', 'r', 1, 2, 1), ('k', 'r', 2, 1, 0);
    insert into {_SHARES} (contract_id, part_id, months_since_entry, still_out_share)
        values ('k', 'r', 0, 1), ('k', 'r', 1, 0.5), ('k', 'r', 2, 0.5);
"""
_GOAL = "intermediate.int_focus_goal__count_persons"
_GOALS = f"""
    insert into {_GOAL} (contract_id, month, benefit_group, persons, with_placement, with_hours,
        with_either, target_share) values ('k', date '2024-01-01', 'g', 10, 4, 3, 6, 0.7);
"""
_MONTHS = "intermediate.int_follow_up__count_months"
_FOLLOWED = f"""
    insert into {_MONTHS} (contract_id, month, benefit_group, register_no, group_no, persons,
        company_directed)
        select contracts.contract_id, months.month, 'g', months.register_no, months.group_no,
            1000, 10
        from {_FTE} as months cross join raw.contract as contracts where months.fte > 0 limit 1;
    insert into intermediate.int_follow_up__explain_ended_cases
        (contract_id, month, benefit_group, person_no, ended_on, reason)
        select contract_id, month, benefit_group, 1, month, 'job' from {_MONTHS};
    insert into intermediate.int_follow_up__count_ended_cases
        (contract_id, month, benefit_group, cases_ended, persons)
        select contract_id, month, benefit_group, 1, 1 from {_MONTHS};
"""
_STEP = "intermediate.int_screening__count_steps"
_STEPS = f"""
    insert into {_STEP} (contract_id, year, step, persons)
        select contract_id, year(starts_on), unnest([
            'eligible', 'screened', 'round_table_phone', 'round_table_visit', 'special_course',
            'granted_flex_after', 'granted_retention_after', 'granted_retention_all',
            'status_1y_self_supporting'
        ]), 2 from raw.contract;
"""
_CASE = "intermediate.int_business_case__sum_years"
_PAYBACK = "intermediate.int_business_case__find_payback"
_CASES = f"""
    insert into raw.contract_business_case_line (contract_id, category, area, year, amount_dkk)
        values ('k', 'permanent', 'service', 2020, -100), ('k', 'investment', 'service', 2020, 150),
            ('k', 'permanent', 'transfer', 2021, -100);
    insert into {_CASE} (contract_id, year, permanent_service_dkk, permanent_transfer_dkk,
        permanent_dkk, investment_dkk, net_dkk, net_cumulative_dkk)
        values ('k', 2020, -100, 0, -100, 150, 50, 50), ('k', 2021, 0, -100, -100, 0, -100, -50);
    insert into {_PAYBACK} (contract_id, gross_saving_dkk, net_saving_dkk, payback_year_total)
        values ('k', 200, 50, 2);
"""
_PRICE = "intermediate.int_potential__price_groups"
_PRICES = f"""
    insert into {_PRICE} (contract_id, benefit_group, gross_dkk, refund_share, net_dkk,
        net_per_week_dkk, reduced_fte, saving_dkk) values ('k', 'g', 100, 0.2, 80, 2, 2, 160);
"""
_EFFECT = "intermediate.int_effect__estimate_difference"
_WEEKS = "intermediate.int_effect__count_weeks"
_EFFECTS = f"""
    insert into {_WEEKS} (contract_id, part_id, person_no, is_treated, weeks, free_weeks)
        values ('k', 'p', 1, true, 10, 4), ('k', 'p', 2, true, 10, 6), ('k', 'p', 3, false, 10, 2),
            ('k', 'p', 4, false, 10, 4);
    insert into {_EFFECT} (contract_id, part_id, treated_n, control_n, treated_mean_weeks,
        control_mean_weeks, difference_weeks, ci_low_weeks, ci_high_weeks)
        values ('k', 'p', 2, 2, 5, 3, 2, -4, 8);
"""
_COMPARABLE = f"""
    delete from intermediate.int_fte__choose_published;
    insert into intermediate.int_fte__choose_published (area, benefit_group, month, persons, fte)
        select run_context.area, groups.benefit_group, months.month, 1000, months.fte
        from {_FTE} as months
        inner join staging.stg_benefit_codes__groups as groups on months.group_no = groups.group_no
        cross join raw.run_context as run_context where months.fte > 0;
"""

# a contract that reads whole cases of every group, with its spells merged as they must be
_MERGED = """
    delete from intermediate.int_groups__list_cases;
    delete from intermediate.int_spells__merge_by_group;
    insert into intermediate.int_groups__list_cases
        select distinct register_no, group_no from intermediate.int_spells__clip_to_windows;
    insert into intermediate.int_spells__merge_by_group by name
        select register_no, person_no, group_no, min(starts_on) as starts_on,
            max(ends_before) as ends_before
        from (
            select *, sum(is_first) over (
                partition by register_no, person_no, group_no order by starts_on, ends_before
                rows unbounded preceding) as spell_no
            from (
                select *, (coalesce(max(ends_before) over (
                    partition by register_no, person_no, group_no order by starts_on, ends_before
                    rows between unbounded preceding and 1 preceding
                ) < starts_on, true))::integer as is_first
                from intermediate.int_spells__clip_to_windows
            )
        )
        group by register_no, person_no, group_no, spell_no;
"""

DEFECTS: dict[str, Defect] = {
    # gate 10 ----------------------------------------------------------------------------------
    "known_is_accepted": Defect(
        f"update raw.delivery set is_accepted = false where delivery_no = {_DELIVERY}"
    ),
    "held_is_not_known": Defect(
        f"update raw.delivery set is_held = true where delivery_no = {_DELIVERY}"
    ),
    "withdrawn_is_not_known": Defect(
        f"update raw.delivery set is_withdrawn = true where delivery_no = {_DELIVERY}"
    ),
    "known_is_not_from_the_future": Defect(
        "update raw.run_context set as_of_date = date '2021-01-01'"
    ),
    "window_is_in_order": Defect(
        f"update raw.known_delivery set covers_to = extracted_on + 1 where delivery_no = {_SPELLS}"
    ),
    "order_is_total": Defect(
        "update raw.known_delivery set delivery_rank = 1 where source = 'deltagere'"
    ),
    "known_is_loaded": Defect(f"delete from raw.loaded_delivery where delivery_no = {_DELIVERY}"),
    "declared_column_exists": Defect("alter table raw.deltagere drop column end_reason"),
    "no_column_is_undeclared": Defect("alter table raw.deltagere add column cpr varchar"),
    "column_type_is_declared": Defect("alter table raw.deltagere alter visited_on type varchar"),
    "row_count_is_usual": Defect(
        "update raw.delivery_volume set rows_per_day = 1.31 * usual_rows_per_day"
        " where usual_rows_per_day is not null",
        before="update raw.delivery_volume set usual_rows_per_day = 10, rows_per_day = 13,"
        " is_held = false",
    ),
    "row_count_is_not_held": Defect(
        "update raw.delivery_volume set is_held = true, rows_per_day = 1, usual_rows_per_day = 10"
    ),
    "only_far_row_counts_are_held": Defect(
        "update raw.delivery_volume set rows_per_day = 5",
        before="update raw.delivery_volume set is_held = true, usual_rows_per_day = 10,"
        " rows_per_day = 3",
    ),
    "figure_is_usual": Defect(
        "update raw.jobindsats set fte = 140.1 where fte = 140",
        before="update raw.jobindsats set fte = 100; update raw.jobindsats set fte = 140"
        " where month = (select max(month) from raw.jobindsats)",
    ),
    "figure_is_not_held": Defect(
        "update raw.delivery set is_held = true where source = 'jobindsats' and is_accepted"
    ),
    "window_follows_the_one_before": Defect(
        f"update {_KNOWN} set covers_from = date '2030-01-01',"
        " covers_to = date '2030-02-01'"
        f" where delivery_no = (select max(delivery_no) from {_KNOWN}"
        " where covers_from is not null)",
        before=f"delete from {_KNOWN} where source = 'ydelsesforloeb' and delivery_rank > 2;"
        f"update {_KNOWN} set covers_from = date '2020-01-01', covers_to = date '2020-12-31'"
        " where source = 'ydelsesforloeb' and delivery_rank = 1;"
        f"update {_KNOWN} set covers_from = date '2021-01-01', covers_to = date '2021-12-31'"
        " where source = 'ydelsesforloeb' and delivery_rank = 2",
    ),
    "source_is_fresh": Defect(
        "update raw.known_delivery set extracted_on = date '2020-01-01' where source = 'deltagere'",
        before="update raw.known_delivery set extracted_on = date '2025-04-30'",
    ),
    "no_delivery_waits_to_be_mended": Defect(
        "insert into raw.delivery (delivery_no, sha256, source, extracted_on, is_accepted,"
        " is_held, is_withdrawn, refusal_code)"
        " values (900, 'x', 'deltagere', date '2025-04-01', false, false, false, 'HEADER_MISSING')"
    ),
    "refusal_has_its_code": Defect(
        "insert into raw.delivery (delivery_no, sha256, source, extracted_on, is_accepted, is_held)"
        " values (900, 'x', 'deltagere', date '2025-04-01', false, false)"
    ),
    # gate 20 ----------------------------------------------------------------------------------
    "rows_are_conserved": Defect(
        f"update raw.loaded_delivery set row_count = row_count + 1 where delivery_no = {_DELIVERY}"
    ),
    "loaded_rows_are_staged": Defect(
        f"delete from raw.ydelsesforloeb where delivery_no = {_SPELLS} and row_number = 1"
    ),
    "rejected_rows_are_kept": Defect(
        f"update raw.loaded_delivery set rejected_rows = 1, row_count = row_count + 1"
        f" where delivery_no = {_DELIVERY}"
    ),
    "code_is_mapped": Defect(
        "delete from raw.benefit_code where benefit_group = 'sygedagpenge';"
        "delete from staging.stg_benefit_codes__codes"
        " where benefit_group = 'sygedagpenge'"
    ),
    "dates_are_in_order": Defect("update raw.ydelsesforloeb set to_date = from_date - 1"),
    "share_is_in_range": Defect("update raw.ydelsesforloeb set share = 0 where row_number = 1"),
    "person_is_known": Defect("update raw.ydelsesforloeb set person_no = 999999"),
    "person_no_is_unique": Defect("update raw.person set person_no = 1"),
    "person_key_is_unique": Defect("update raw.person set person_key = repeat('a', 32)"),
    "person_key_is_a_pseudonym": Defect(
        "update raw.person set person_key = '6101010001' where person_no = 1"
    ),
    "key_is_filled": Defect("update raw.deltagere set course_id = null where row_number = 1"),
    "key_is_unique": Defect("insert into raw.deltagere select * from raw.deltagere limit 1"),
    "contract_is_known": Defect("update raw.deltagere set contract_id = 'ukendt'"),
    "referral_is_dated": Defect("update raw.deltagere set visited_on = null"),
    "end_reason_has_a_date": Defect(
        "update raw.deltagere set end_reason = 'afsluttet', ended_on = null where row_number = 1"
    ),
    "claimed_month_is_a_month": Defect("update raw.resultatkrav set month = month + 1"),
    "hours_are_in_range": Defect(
        "update raw.eindkomst set hours = -1",
        before="insert into raw.eindkomst values"
        " (1, 1, 1, '12345678', date '2024-01-01', 37, 9000, 'ordinær')",
    ),
    "month_is_a_month": Defect("update raw.jobindsats set month = month + 14"),
    "employment_is_known": Defect(
        "update raw.eindkomst set employment_type = 'andet'",
        before="insert into raw.eindkomst values"
        " (1, 1, 1, '12345678', date '2024-01-01', 37, 9000, 'ordinær')",
    ),
    "figures_are_in_range": Defect(
        "update raw.jobindsats set fte = 11",
        before="update raw.jobindsats set persons = 10, fte = 10",
    ),
    "code_has_one_group": Defect(
        "insert into staging.stg_benefit_codes__codes"
        " select * from staging.stg_benefit_codes__codes where code = 890"
    ),
    "exit_code_has_a_reason": Defect(
        "update staging.stg_benefit_codes__codes set exit_reason = null where is_exit"
    ),
    # gate 30 ----------------------------------------------------------------------------------
    "course_is_single": Defect(f"insert into {_COURSE} select * from {_COURSE} limit 1"),
    "eligibility_is_known": Defect(f"update {_COURSE} set eligibility = 'måske'"),
    "eligible_course_has_its_price_group": Defect(
        f"update {_COURSE} set price_group = null where eligibility = 'eligible'"
    ),
    "eligible_case_is_long_enough": Defect(
        f"update {_COURSE} set case_days = 1 where eligibility = 'eligible'"
    ),
    "quota_is_held": Defect(
        f"update {_COURSE} set quota_rank = 1000 where eligibility = 'eligible'"
    ),
    "quota_rank_is_single": Defect(
        f"update {_COURSE} set quota_rank = 1, price_group = 'sygedagpenge'"
        " where eligibility = 'eligible'"
    ),
    "month_belongs_to_a_course": Defect(f"delete from {_COURSE}"),
    "month_is_single": Defect(f"insert into {_PM} select * from {_PM} limit 1"),
    "months_are_contiguous": Defect(
        f"update {_PM} set month = month + interval 10 year"
        f" where month = (select min(month) from {_PM})"
    ),
    "months_are_complete": Defect(
        f"delete from {_PM} where month = (select max(month) from {_PM})"
    ),
    "months_begin_after_the_referral": Defect(f"update {_PM} set month = month - interval 1 month"),
    "support_days_fit_the_month": Defect(
        f"update {_PM} set support_days = day(last_day(month)) + 1 where support_days is not null"
    ),
    "status_is_known": Defect(f"update {_PM} set status = 'ukendt'"),
    "judged_month_is_observed": Defect(
        "update intermediate.int_months__observe set is_observed = false"
    ),
    "self_supporting_month_has_no_support": Defect(
        f"update {_PM} set support_days = 31 where status = 'self_supporting'"
    ),
    "payable_month_is_earned": Defect(f"update {_PM} set status = 'on_support' where is_payable"),
    "amount_is_the_rate": Defect(
        f"update {_PM} set amount_dkk = amount_dkk + 0.01 where is_payable"
    ),
    "match_agrees_with_status": Defect(
        f"update {_PM} set match = 'agreed' where status = 'on_support'"
    ),
    "decided_month_is_as_decided": Defect(
        f"update {_PM} set is_payable = true where is_decided", _DECIDED
    ),
    "deadline_is_single": Defect(f"insert into {_DUE} select * from {_DUE} limit 1", _DEADLINES),
    "deadline_is_no_day_off": Defect(
        f"insert into raw.public_holiday select min(due_on) from {_DUE}", _DEADLINES
    ),
    "deadline_follows_what_it_counts_from": Defect(
        f"update {_DUE} set due_on = due_on - 7", _DEADLINES
    ),
    "deadlines_rise_with_the_periods": Defect(
        f"update {_DUE} set due_on = due_on + 700"
        f" where period_start = (select min(period_start) from {_DUE})",
        _DEADLINES,
    ),
    "waiting_step_has_no_deadline": Defect(f"update {_DUE} set status = 'waiting'", _DEADLINES),
    "late_step_counts_its_days": Defect(f"update {_DUE} set days_late = 1", _DEADLINES),
    "observed_day_has_a_window": Defect(f"update {_WINDOWS} set starts_on = starts_on + 1"),
    "extract_is_late_enough": Defect(
        "update raw.known_delivery set extracted_on = date '2000-01-01'"
    ),
    "person_status_is_known": Defect(
        "delete from raw.known_delivery where source = 'personstatus'",
        before="update raw.contract set requires_person_status = true;"
        "update raw.known_delivery set extracted_on = date '2030-01-01'"
        " where source = 'personstatus'",
    ),
    "stretch_is_not_empty": Defect(f"update {_WINDOWS} set ends_before = starts_on"),
    "day_has_one_owner": Defect(
        "update intermediate.int_deliveries__resolve_effective_windows"
        " set ends_before = ends_before + 1"
    ),
    "owner_covers_its_days": Defect("update raw.known_delivery set covers_to = covers_from"),
    "merged_days_are_conserved": Defect(
        "update intermediate.int_spells__merge_by_group set ends_before = ends_before - 1"
        " where person_no = (select min(person_no) from intermediate.int_spells__merge_by_group)",
        _MERGED,
    ),
    "merged_spells_lie_apart": Defect(
        "update intermediate.int_spells__merge_by_group set next_starts_on = ends_before", _MERGED
    ),
    "spell_is_not_empty": Defect(
        "update intermediate.int_spells__merge_by_group set ends_before = starts_on", _MERGED
    ),
    "rows_in_are_spells_out": Defect(
        "delete from intermediate.int_spells__clip_to_windows"
        " where delivery_no = (select max(delivery_no) from raw.ydelsesforloeb)"
    ),
    "alone_is_alone": Defect(
        "insert into intermediate.int_spells__clip_to_windows"
        " select * from intermediate.int_spells__clip_to_windows where is_alone limit 1"
    ),
    "newest_owns_its_window": Defect(f"update {_WINDOWS} set ends_before = ends_before - 1"),
    "register_fte_is_not_negative": Defect(f"update {_FTE} set fte = -1 where is_observed"),
    "unobserved_month_has_no_fte": Defect(f"update {_FTE} set is_observed = not is_observed"),
    "fte_is_days_over_days": Defect(f"update {_FTE} set fte = fte + 0.01 where is_observed"),
    "register_is_near_published": Defect(
        "update intermediate.int_fte__choose_published set fte = 1.12 * fte + 0.0001",
        before=_COMPARABLE,
    ),
    "registers_agree": Defect(
        "update intermediate.int_registers__reconcile_months set disagreeing_person_months = 1",
        before="insert into intermediate.int_registers__reconcile_months"
        " (contract_id, other_register_no, month, person_months, disagreeing_person_months)"
        " values ('k', 2, date '2024-01-01', 5, 0)",
    ),
    "effect_status_is_known": Defect(
        "update intermediate.int_fte__measure_reduction set status = 'måske'"
    ),
    "incomplete_part_pays_nothing": Defect(
        "update intermediate.int_fte__measure_reduction set status = 'incomplete'"
    ),
    "part_is_netted_as_agreed": Defect(
        "update intermediate.int_fte__measure_reduction set booked_dkk = booked_dkk + 0.01"
        " where benefit_group = 'sygedagpenge'"
    ),
    "reduction_is_the_difference": Defect(
        "update intermediate.int_fte__measure_reduction set reduction_fte = reduction_fte + 0.0002"
    ),
    "entry_is_single": Defect(f"insert into {_ENTRY} select * from {_ENTRY} limit 1", _ENTRIES),
    "entry_lies_in_its_months": Defect(
        f"update {_ENTRY} set entry_date = date '2022-12-31', follow_up_date = date '2023-12-31'"
        " where person_no = 1",
        _ENTRIES,
    ),
    "entries_lie_a_year_apart": Defect(f"update {_ENTRY} set person_no = 1", _ENTRIES),
    "follow_up_is_a_year_later": Defect(
        f"update {_ENTRY} set follow_up_date = follow_up_date + 1", _ENTRIES
    ),
    "retained_or_relapsed": Defect(f"update {_ENTRY} set is_relapsed = is_retained", _ENTRIES),
    "relapse_part_is_single": Defect(
        f"insert into {_SUMMARY} select * from {_SUMMARY} limit 1", _SUMMARISED
    ),
    "every_entry_is_counted": Defect(f"update {_SUMMARY} set any_return = 1", _SUMMARISED),
    "outcomes_add_up_to_observed": Defect(f"update {_SUMMARY} set retained = 0", _SUMMARISED),
    "counts_lie_within_entries": Defect(f"update {_SUMMARY} set any_return = 3", _SUMMARISED),
    "avoided_is_expected_less_relapsed": Defect(
        f"update {_SUMMARY} set avoided_relapses = 0.500002", _SUMMARISED
    ),
    "saving_is_for_avoided_relapses": Defect(
        f"update {_SUMMARY} set expected_relapses = 0, avoided_relapses = 0", _SUMMARISED
    ),
    "followed_up_part_is_over": Defect(f"update {_SUMMARY} set status = 'complete'", _SUMMARISED),
    "only_a_complete_part_is_booked": Defect(
        "update intermediate.int_relapse__book_savings set amount_dkk = 100", _SUMMARISED
    ),
    "curve_has_every_month": Defect(
        f"delete from {_RETURNS} where months_since_entry = 1", _RETURNED
    ),
    "curve_starts_with_every_entry": Defect(
        f"update {_RETURNS} set at_risk = 3 where months_since_entry = 0", _RETURNED
    ),
    "returned_are_at_risk_no_more": Defect(
        f"update {_RETURNS} set at_risk = 2 where months_since_entry = 2", _RETURNED
    ),
    "returns_lie_within_at_risk": Defect(
        f"update {_RETURNS} set returned = 3 where months_since_entry = 1", _RETURNED
    ),
    "curve_share_never_rises": Defect(
        f"update {_SHARES} set still_out_share = 0.6 where months_since_entry = 2", _RETURNED
    ),
    "curve_moves_only_with_returns": Defect(
        f"update {_SHARES} set still_out_share = 0.4 where months_since_entry = 2", _RETURNED
    ),
    "goal_row_is_single": Defect(f"insert into {_GOAL} select * from {_GOAL} limit 1", _GOALS),
    "goal_counts_lie_within_persons": Defect(f"update {_GOAL} set with_either = 11", _GOALS),
    "either_is_placement_or_hours": Defect(f"update {_GOAL} set with_either = 8", _GOALS),
    "goal_target_is_a_share": Defect(f"update {_GOAL} set target_share = 70", _GOALS),
    "follow_up_row_is_single": Defect(
        f"insert into {_MONTHS} select * from {_MONTHS} limit 1", _FOLLOWED
    ),
    "only_observed_months_are_counted": Defect(f"update {_MONTHS} set persons = null", _FOLLOWED),
    "directed_lie_within_persons": Defect(
        f"update {_MONTHS} set company_directed = 1001", _FOLLOWED
    ),
    "fte_lies_within_persons": Defect(
        f"update {_MONTHS} set persons = 0, company_directed = 0", _FOLLOWED
    ),
    "every_ended_case_has_a_reason": Defect(
        "update intermediate.int_follow_up__count_ended_cases set cases_ended = 2", _FOLLOWED
    ),
    "funnel_step_is_single": Defect(f"insert into {_STEP} select * from {_STEP} limit 1", _STEPS),
    "funnel_has_every_step": Defect(f"delete from {_STEP} where step = 'screened'", _STEPS),
    "funnel_year_lies_in_the_term": Defect(f"update {_STEP} set year = year + 50", _STEPS),
    "grants_after_lie_within_all": Defect(
        f"update {_STEP} set persons = 1 where step = 'granted_retention_all'", _STEPS
    ),
    "every_entry_has_a_status": Defect(
        f"delete from {_STEP} where step = 'status_1y_self_supporting'", _STEPS
    ),
    "year_is_the_sum_of_its_lines": Defect(
        "update raw.contract_business_case_line set amount_dkk = 149 where category = 'investment'",
        _CASES,
    ),
    "cumulative_is_the_running_sum": Defect(
        f"update {_CASE} set net_cumulative_dkk = net_cumulative_dkk - 0.01", _CASES
    ),
    "saving_is_the_sum_of_its_years": Defect(
        f"update {_PAYBACK} set net_saving_dkk = gross_saving_dkk", _CASES
    ),
    "payback_is_the_first_year_repaid": Defect(
        f"update {_PAYBACK} set payback_year_total = 1", _CASES
    ),
    "potential_is_single": Defect(f"insert into {_PRICE} select * from {_PRICE} limit 1", _PRICES),
    "net_lies_within_gross": Defect(f"update {_PRICE} set net_dkk = 101", _PRICES),
    "saving_is_persons_times_net": Defect(f"update {_PRICE} set saving_dkk = 161", _PRICES),
    "effect_counts_each_person_once": Defect(
        f"update {_WEEKS} set person_no = 1 where person_no = 4", _EFFECTS
    ),
    "free_weeks_lie_within_weeks": Defect(
        f"update {_WEEKS} set free_weeks = 11 where person_no = 1", _EFFECTS
    ),
    "difference_is_treated_less_controls": Defect(
        f"update {_EFFECT} set difference_weeks = -2", _EFFECTS
    ),
    "interval_holds_the_difference": Defect(f"update {_EFFECT} set ci_low_weeks = 3", _EFFECTS),
    # gate 40 ----------------------------------------------------------------------------------
    "line_is_new_less_old": Defect(
        f"update {_LINES} set difference_dkk = difference_dkk + 0.01 where {_LINE}"
    ),
    "line_kind_is_known": Defect(f"update {_LINES} set line_kind = 'andet' where {_LINE}"),
    "new_line_is_booked_in_its_period": Defect(
        f"update {_LINES} set month = month - interval 1 year where {_LINE}"
    ),
    "true_up_corrects_an_earlier_month": Defect(
        f"update {_LINES} set month = period_start where {_LINE}",
        before=f"update {_LINES} set line_kind = 'true_up',"
        f" month = period_start - interval 1 month where {_LINE}",
    ),
    "line_lies_in_a_closed_period": Defect(
        "update intermediate.int_periods__list set is_closed = false"
    ),
    "line_is_single": Defect(f"insert into {_LINES} select * from {_LINES} limit 1"),
    "line_numbers_are_whole": Defect(f"update {_LINES} set line_no = line_no + 1"),
    "results_are_booked_to_the_oere": Defect(
        f"update {_PM} set amount_dkk = amount_dkk - 0.01 where is_payable"
    ),
    "period_is_single": Defect(f"insert into {_PAID} select * from {_PAID} limit 1"),
    "basis_is_sum_of_lines": Defect(f"delete from intermediate.int_lines__number where {_LINE}"),
    "basis_is_sum_of_parts": Defect(
        "update intermediate.int_basis__sum_parts set basis_dkk = basis_dkk + 0.01"
    ),
    "cumulative_basis_is_sum_of_periods": Defect(
        f"update {_PAID} set basis_cumulative_dkk = basis_cumulative_dkk + 0.01"
        f" where period_start = {_LAST}"
    ),
    "payment_is_held_to_the_authorised": Defect("update raw.contract set authorised_max_dkk = 1"),
    "held_is_entitlement_less_payment": Defect(f"update {_PAID} set held_cumulative_dkk = -0.01"),
    "payments_sum_to_paid_through": Defect(
        f"update {_PAID} set payment_dkk = payment_dkk + 0.01 where period_start = {_PERIOD}"
    ),
    "payment_is_not_negative": Defect(
        f"update {_PAID} set payment_dkk = -0.01 where period_start = {_PERIOD}"
    ),
    "municipality_pays_the_rest": Defect(
        f"update {_PAID} set municipality_share_cumulative_dkk = -0.01"
    ),
    "repayable_in_the_last_period_only": Defect(
        f"update {_PAID} set repayable_dkk = 0.01 where period_start = {_PERIOD}"
    ),
    "entitlement_follows_the_basis": Defect(
        f"update {_PAID} set entitlement_cumulative_dkk = entitlement_cumulative_dkk - 700000"
        " where period_start = date '2024-06-01'"
    ),
    "forecast_is_of_each_open_period": Defect(f"delete from {_FORECAST} where scenario = 'all'"),
    "forecast_basis_adds_up": Defect(
        f"update {_FORECAST} set basis_cumulative_dkk = basis_cumulative_dkk + 0.01"
    ),
    "forecast_is_held_to_the_authorised": Defect(
        f"update {_FORECAST} set payment_cumulative_dkk = payment_cumulative_dkk + 0.01"
    ),
    "forecast_holds_the_ceilings": Defect(
        f"update {_FORECAST} set entitlement_cumulative_dkk = basis_cumulative_dkk + 0.01"
    ),
    "earned_is_what_is_settled": Defect(
        f"update {_FORECAST} set entitlement_cumulative_dkk = entitlement_cumulative_dkk + 0.01"
        " where scenario = 'earned'"
    ),
    "scenarios_are_in_order": Defect(
        f"update {_FORECAST} set basis_cumulative_dkk = basis_cumulative_dkk - 0.01"
        " where scenario = 'historical'",
        before=f"update {_FORECAST} set basis_cumulative_dkk = ("
        f" select min(low.basis_cumulative_dkk) from {_FORECAST} as low"
        f" where low.contract_id = {_FORECAST.split('.')[1]}.contract_id"
        f" and low.period_start = {_FORECAST.split('.')[1]}.period_start)",
    ),
    "threshold_is_of_the_terms": Defect(f"update {_OUTLOOK} set amount_dkk = amount_dkk + 0.01"),
    "threshold_is_reached_when_told": Defect(
        f"update {_OUTLOOK} set period_start = date '2100-01-01'"
    ),
    "reading_is_single": Defect(f"insert into {_READ} select * from {_READ} limit 1"),
    "one_reading_is_chosen": Defect(f"update {_READ} set is_chosen = true"),
    "payment_ceiling_is_held": Defect("update raw.contract_reading set payment_ceiling_dkk = 0.01"),
    "basis_ceiling_is_held": Defect("update raw.contract_reading set basis_ceiling_dkk = 0.01"),
    "entitlement_is_at_most_the_basis": Defect(
        f"update {_READ} set entitlement_cumulative_dkk = entitlement_cumulative_dkk + 1000000"
    ),
    "difference_is_to_the_chosen": Defect(
        f"update {_READ} set difference_to_chosen_dkk = difference_to_chosen_dkk + 0.01"
    ),
    "chosen_reading_is_settled": Defect(
        f"update {_READ} set entitlement_cumulative_dkk = entitlement_cumulative_dkk + 0.01"
        " where is_chosen"
    ),
    "variant_is_single": Defect(
        f"insert into {_VARIANT} select * from {_VARIANT} limit 1", _VARIANTS
    ),
    "variant_basis_is_sum_of_periods": Defect(
        f"update {_VARIANT} set basis_cumulative_dkk = basis_cumulative_dkk + 0.01"
        " where variant_id = 'v'",
        _VARIANTS,
    ),
    "variant_differs_from_the_own": Defect(
        f"update {_VARIANT} set difference_dkk = 0.01 where variant_id = 'v'", _VARIANTS
    ),
    "own_row_is_the_settlement": Defect(
        f"update {_VARIANT} set entitlement_cumulative_dkk = entitlement_cumulative_dkk + 0.01,"
        " difference_dkk = difference_dkk - 0.01 where variant_id = ''",
        _VARIANTS,
    ),
    "curve_point_is_single": Defect(f"insert into {_CURVE} select * from {_CURVE} limit 1"),
    "curve_never_falls": Defect(
        f"update {_CURVE} set payment_dkk = 0"
        f" where basis_dkk = (select max(basis_dkk) from {_CURVE})"
    ),
    "curve_rises_at_most_krone_by_krone": Defect(
        f"update {_CURVE} set payment_dkk = 3 where basis_dkk = 1"
    ),
    "marginal_share_is_a_share": Defect(f"update {_CURVE} set marginal_share = 1.1"),
    "curve_keeps_its_ceiling": Defect("update raw.contract_reading set payment_ceiling_dkk = 0.01"),
    "frozen_period_is_approved": Defect(
        "update intermediate.int_periods__list set is_approved = false", _APPROVE
    ),
    "approved_figures_are_the_ledgers": Defect(
        "update raw.frozen_settlement set payment_dkk = payment_dkk + 0.01", _APPROVE
    ),
    "approved_lines_are_the_ledgers": Defect(
        "update raw.frozen_line set new_amount_dkk = new_amount_dkk + 0.01", _APPROVE
    ),
}
