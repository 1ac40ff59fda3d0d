-- The raw room: the tables that Python loads and dbt's staging reads, and the results of the gates.
-- Dates are civil and inclusive as in the files; staging makes intervals half-open. No person
-- number stands here: a person is a dense person_no that raw.person maps to the 32-digit
-- person_key, a course a dense course_ref. delivery_no, person_no and course_ref follow the order
-- of loading: they may join rows, never order or decide them (order deliveries by
-- known_delivery.delivery_rank).
-- A warehouse that another text of this file made is laid out anew and loaded from the vault.
create schema if not exists raw;
create schema if not exists gate;
create schema if not exists shadow;
-- sha256 of the text of this file that made the tables
create table if not exists raw.version (ddl_sha256 varchar);

-- the run ---------------------------------------------------------------------------------------
-- Danish public holidays of the years that deadlines of the contracts can meet
create table if not exists raw.public_holiday (holiday date);
create table if not exists raw.run_context (as_of_date date not null, area varchar);
-- every delivery ever received and not merely repeated, refused ones included
create table if not exists raw.delivery (
    delivery_no integer, delivery_id varchar, sha256 varchar, source varchar, file_name varchar,
    extracted_on date, covers_from date, covers_to date, sender varchar, version_no integer,
    row_count bigint, rejected_rows bigint, is_accepted boolean, is_held boolean,
    is_opened boolean, is_withdrawn boolean, refusal_code varchar);
-- the deliveries that the run knows (accepted, neither held nor withdrawn, extracted_on <= as-of);
-- delivery_rank is dense per source in the order (extracted_on, version_no, file_name)
create table if not exists raw.known_delivery (
    delivery_no integer, source varchar, sha256 varchar, file_name varchar, extracted_on date,
    covers_from date, covers_to date, delivery_rank integer);
-- deliveries whose rows stand in the tables below; staged + rejected + duplicate +
-- skipped + forgotten = row_count
create table if not exists raw.loaded_delivery (
    delivery_no integer, delivery_id varchar, row_count bigint, loaded_rows bigint,
    rejected_rows bigint, duplicate_rows bigint, skipped_rows bigint, forgotten_rows bigint);
-- by which declaration, names table and key a delivery's rows were made; others load them anew
create table if not exists raw.loading_rule (
    delivery_no integer, delivery_id varchar, source varchar, rule_sha256 varchar);
-- row-count check of gate 10, per accepted delivery of a window source; usual is null while too few
-- deliveries lie before it
create table if not exists raw.delivery_volume (
    delivery_no integer, source varchar, covered_days bigint, rows_per_day decimal(18, 6),
    usual_rows_per_day decimal(18, 6), is_warned boolean, is_held boolean);
create table if not exists raw.rejected_row (
    delivery_no integer, row_number bigint, column_name varchar, code varchar);
create table if not exists raw.person (person_no integer, person_key varchar);
create table if not exists raw.course (course_ref integer, contract_id varchar, course_id varchar);

-- sources ---------------------------------------------------------------------------------------
create table if not exists raw.ydelsesforloeb (
    delivery_no integer, row_number bigint, person_no integer, code smallint,
    from_date date, to_date date, share decimal(5, 4), is_alone boolean);
-- runs of one code found inside the wide row
create table if not exists raw.dream (
    delivery_no integer, row_number bigint, person_no integer, code smallint,
    from_date date, to_date date);
create table if not exists raw.ydelsesrefusion (
    delivery_no integer, row_number bigint, person_no integer, week_start date,
    benefit_group varchar, paid_dkk decimal(18, 2));
create table if not exists raw.deltagere (
    delivery_no integer, row_number bigint, contract_id varchar, course_id varchar,
    person_no integer, visited_on date, stated_group varchar, ended_on date, end_reason varchar,
    course_ref integer);
create table if not exists raw.resultatkrav (
    delivery_no integer, row_number bigint, contract_id varchar, course_id varchar,
    month date, is_claimed boolean, course_ref integer);
-- mapped rows only (unmapped ones are counted as skipped); null = suppressed by the publisher
create table if not exists raw.jobindsats (
    delivery_no integer, row_number bigint, area varchar, benefit_group varchar, month date,
    persons bigint, fte decimal(18, 4));
create table if not exists raw.personstatus (
    delivery_no integer, row_number bigint, person_no integer, event varchar, event_date date,
    new_person_no integer);
create table if not exists raw.eindkomst (
    delivery_no integer, row_number bigint, person_no integer, cvr varchar, month date,
    hours decimal(9, 2), wage_dkk decimal(18, 2), employment_type varchar);
create table if not exists raw.aktiviteter (
    delivery_no integer, row_number bigint, activity_id varchar, person_no integer, type varchar,
    starts_on date, ends_on date, channel varchar, result varchar);

-- reference tables -------------------------------------------------------------------------------
-- seeds/*.csv, or those stored with an approved period when it is replayed
create table if not exists raw.benefit_code (
    code_from smallint, code_to smallint, benefit_group varchar, match_group varchar,
    is_public_support boolean, is_subsidised_job boolean, is_exit boolean, exit_reason varchar,
    source varchar);
create table if not exists raw.expenditure (
    table_id varchar, year bigint, amount_mio decimal(9, 1), index_stated decimal(9, 1),
    amount_as_printed varchar, is_corrected boolean);
create table if not exists raw.document_figure (
    figure_no integer, document varchar, place varchar, stated varchar, unit varchar,
    expression varchar, kind varchar, stated_value decimal(38, 6), recomputed varchar,
    difference varchar, is_erratum boolean);
create table if not exists raw.word (
    word_no integer, domain varchar, code varchar, rule_id varchar, label_da varchar,
    remedy_da varchar, owner varchar, description_da varchar);

-- contracts --------------------------------------------------------------------------------------
-- one row per mapping of the contract file; amounts in kroner
create table if not exists raw.contract (
    contract_id varchar, title varchar, area varchar, municipality varchar, provider varchar,
    investor varchar, document varchar, document_title varchar, starts_on date, ends_on date,
    term_clause varchar,
    register varchar, register_lag_days integer, requires_person_status boolean,
    has_payment boolean, months_per_period integer, anchor_month integer, final_on date,
    young_data_days integer, authorised_max_dkk decimal(18, 2), chosen_reading varchar,
    chosen_reason varchar, terms_sha256 varchar);
-- one wide row per part; columns of other kinds are null
create table if not exists raw.contract_part (
    contract_id varchar, part_no integer, part_id varchar, title varchar, kind varchar,
    clause varchar,
    min_case_days integer, case_max_gap_days integer, effort_months integer,
    max_support_days integer, subsidised_job_blocks boolean, pay_on varchar,
    target_points decimal(9, 6), target_weeks decimal(12, 6),
    netting varchar, baseline_first_month date, baseline_last_month date,
    evaluation_first_month date, evaluation_last_month date,
    match_group varchar, entries_first_month date, entries_last_month date,
    baseline_entries bigint, baseline_relapsed bigint, target_reduction decimal(9, 6),
    target_by date, cost_per_relapse_dkk decimal(18, 2), yearly_investment_dkk decimal(18, 2),
    follow_up_days integer, last_follow_up_on date, booking_month date);
-- contracts whose retention has ended, and their parts: what the mart shows of them, and no number
-- that a rule computes with; they stand in no other raw.contract table but that of their periods
create table if not exists raw.ended_contract (
    contract_id varchar, title varchar, area varchar, municipality varchar, provider varchar,
    investor varchar, document varchar, document_title varchar, starts_on date, ends_on date,
    chosen_reading varchar, payment_ceiling_dkk decimal(18, 2), basis_ceiling_dkk decimal(18, 2),
    authorised_max_dkk decimal(18, 2), terms_sha256 varchar);
create table if not exists raw.ended_contract_part (
    contract_id varchar, part_id varchar, title varchar, kind varchar, clause varchar,
    effort_months integer, baseline_first_month date, baseline_last_month date,
    evaluation_first_month date, evaluation_last_month date);
-- settlement periods of a contract that pays, of an ended one the approved; period_end is the last day
create table if not exists raw.contract_period (
    contract_id varchar, period_start date, period_end date, period_label varchar,
    is_final boolean);
create table if not exists raw.contract_calendar_step (
    contract_id varchar, step_order integer, step varchar, within_days integer);
create table if not exists raw.contract_price_group (
    contract_id varchar, part_id varchar, benefit_group varchar, precedence integer,
    max_participants integer, historical_success_rate decimal(9, 6));
-- valid_before is the next valid_from, null for the last rate
create table if not exists raw.contract_rate (
    contract_id varchar, part_id varchar, benefit_group varchar, valid_from date,
    valid_before date, rate_dkk decimal(18, 2), clause varchar);
-- case_groups of person_months, target_groups of relapse_reduction
create table if not exists raw.contract_case_group (
    contract_id varchar, part_id varchar, benefit_group varchar);
create table if not exists raw.contract_exit_reason (
    contract_id varchar, part_id varchar, reason varchar);
create table if not exists raw.contract_fte_group (
    contract_id varchar, part_id varchar, group_order integer, benefit_group varchar,
    rate_dkk decimal(18, 2), clause varchar);
create table if not exists raw.contract_tier (
    contract_id varchar, tier_no integer, above_dkk decimal(18, 2),
    provider_share decimal(9, 6), clause varchar);
create table if not exists raw.contract_reading (
    contract_id varchar, reading_order integer, reading_id varchar, is_chosen boolean,
    payment_ceiling_dkk decimal(18, 2), basis_ceiling_dkk decimal(18, 2), clause varchar);
-- variants are contracts in the shadow of their own (below): one row per variant and, with an empty
-- variant_id, per contract that has any
create table if not exists raw.contract_variant (
    contract_id varchar, of_contract_id varchar, variant_id varchar, variant_no integer);
create table if not exists raw.contract_potential (
    contract_id varchar, group_order integer, benefit_group varchar, gross_dkk decimal(18, 2),
    refund_share decimal(9, 6), reduced_fte decimal(18, 4), weeks_per_year integer,
    clause varchar);
create table if not exists raw.contract_focus_goal (
    contract_id varchar, benefit_group varchar, case_days integer, case_max_gap_days integer,
    window_months integer, hours decimal(9, 2), target_share decimal(9, 6));
create table if not exists raw.contract_follow_up (
    contract_id varchar, benefit_group varchar, case_max_gap_days integer, end_window_days integer);
create table if not exists raw.contract_screening (
    contract_id varchar, benefit_group varchar, case_days integer, case_max_gap_days integer,
    status_after_days integer);
create table if not exists raw.contract_screening_goal (
    contract_id varchar, step varchar, goal bigint);
create table if not exists raw.contract_effect (
    contract_id varchar, part_id varchar, control_first_day date, control_last_day date,
    weeks integer, confidence_share decimal(9, 6));
create table if not exists raw.contract_business_case (
    contract_id varchar, price_level integer, unit bigint, stated_payback_total integer,
    stated_payback_service integer, horizon_years integer);
create table if not exists raw.contract_business_case_line (
    contract_id varchar, line_no integer, name varchar, category varchar, area varchar,
    year bigint, amount_dkk decimal(18, 2));

-- ledger and frozen statements -------------------------------------------------------------------
-- events with as-of date <= the run's
create table if not exists raw.ledger_event (
    sequence bigint, contract_id varchar, period_start date, action varchar, actor varchar,
    role varchar, as_of_date date, statement_sha256 varchar, amount_dkk decimal(18, 2),
    reason varchar, recorded_at varchar, is_confirmed boolean, course_id varchar, month date,
    wants varchar, price_group varchar, dispute_id varchar, outcome varchar);
create table if not exists raw.ledger_release (
    contract_id varchar, from_period_start date, amount_dkk decimal(18, 2));
create table if not exists raw.frozen_settlement (
    contract_id varchar, period_start date, period_end date, period_label varchar,
    basis_dkk decimal(18, 2), basis_cumulative_dkk decimal(18, 2),
    entitlement_cumulative_dkk decimal(18, 2), payment_cumulative_dkk decimal(18, 2),
    payment_dkk decimal(18, 2), held_cumulative_dkk decimal(18, 2),
    carried_forward_dkk decimal(18, 2), repayable_dkk decimal(18, 2),
    municipality_share_cumulative_dkk decimal(18, 2), headroom_to_next_tier_dkk decimal(18, 2),
    headroom_to_ceiling_dkk decimal(18, 2), overlap_dkk decimal(18, 2), statement_sha256 varchar);
create table if not exists raw.frozen_settlement_part (
    contract_id varchar, period_start date, part_id varchar, price_group varchar, kind varchar,
    person_months_payable bigint, basis_dkk decimal(18, 2), achieved_share decimal(9, 6),
    historical_share decimal(9, 6));
create table if not exists raw.frozen_settlement_reading (
    contract_id varchar, period_start date, reading_id varchar, is_chosen boolean,
    entitlement_cumulative_dkk decimal(18, 2), difference_to_chosen_dkk decimal(18, 2));
create table if not exists raw.frozen_settlement_true_up (
    contract_id varchar, period_start date, corrected_period_start date, cause varchar,
    line_count bigint, difference_dkk decimal(18, 2), is_suppressed boolean);
create table if not exists raw.frozen_line (
    contract_id varchar, period_start date, line_no bigint, line_kind varchar, part_id varchar,
    course_id varchar, month date, price_group varchar, old_amount_dkk decimal(18, 2),
    new_amount_dkk decimal(18, 2), difference_dkk decimal(18, 2), cause varchar,
    cause_delivery_sha256 varchar);
-- cause of each changed approved amount, found by putting one input back at a time (S.cause)
create table if not exists raw.line_cause (
    contract_id varchar, part_id varchar, course_id varchar, month date, price_group varchar,
    cause varchar, cause_delivery_sha256 varchar);
-- keyed hash of the landed rows that are evidence of a person-month (participants' rows only)
create table if not exists raw.row_hmac (
    sha256 varchar, source varchar, row_number bigint, row_hmac varchar);
-- state and figures hash of each period, written between settlement and marts
create table if not exists raw.statement (
    contract_id varchar, period_start date, statement_sha256 varchar, state varchar,
    is_superseded boolean);

-- gates ------------------------------------------------------------------------------------------
create table if not exists gate.check_result (
    gate integer, check_id varchar, subject varchar, severity varchar, evaluated bigint,
    unexpected bigint, is_success boolean, owner varchar, remedy varchar);
create table if not exists gate.failing_key (
    gate integer, check_id varchar, contract_id varchar, key_text varchar);

-- the shadow ------------------------------------------------------------------------------------
-- Variants are contracts in the shadow of their own: the rows that the models read in place of the
-- own ones when they run over the shadow (dbt/macros/shadow.sql). Nothing has been approved there.
create table if not exists shadow.contract as from raw.contract limit 0;
create table if not exists shadow.contract_part as from raw.contract_part limit 0;
create table if not exists shadow.contract_period as from raw.contract_period limit 0;
create table if not exists shadow.contract_price_group as from raw.contract_price_group limit 0;
create table if not exists shadow.contract_rate as from raw.contract_rate limit 0;
create table if not exists shadow.contract_case_group as from raw.contract_case_group limit 0;
create table if not exists shadow.contract_exit_reason as from raw.contract_exit_reason limit 0;
create table if not exists shadow.contract_fte_group as from raw.contract_fte_group limit 0;
create table if not exists shadow.contract_tier as from raw.contract_tier limit 0;
create table if not exists shadow.contract_reading as from raw.contract_reading limit 0;
create table if not exists shadow.frozen_line as from raw.frozen_line limit 0;
create table if not exists shadow.frozen_settlement as from raw.frozen_settlement limit 0;
create or replace view shadow.deltagere as
select own.* replace (
    variant.contract_id as contract_id,
    own.course_ref::bigint * 1000000 + variant.variant_no as course_ref)
from raw.deltagere as own
inner join raw.contract_variant as variant on own.contract_id = variant.of_contract_id;
create or replace view shadow.resultatkrav as
select own.* replace (
    variant.contract_id as contract_id,
    own.course_ref::bigint * 1000000 + variant.variant_no as course_ref)
from raw.resultatkrav as own
inner join raw.contract_variant as variant on own.contract_id = variant.of_contract_id;
-- disputes and decisions stand in both, each at its own rate
create or replace view shadow.ledger_event as
select own.* replace (
    variant.contract_id as contract_id,
    variant.contract_id || substr(own.dispute_id, length(own.contract_id) + 1) as dispute_id)
from raw.ledger_event as own
inner join raw.contract_variant as variant on own.contract_id = variant.of_contract_id;
