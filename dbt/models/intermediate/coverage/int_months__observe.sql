-- grain: one row per contract and month: the calendar years of the term, all effort months, and the
--   months after the term that a relapse part still follows its entries in
-- counts: a month is observed if every day's owner was extracted late enough after the month and,
--   where the contract asks for it, a person status extract made after the month is known
-- clause: 30-rules.md §1 (observed month)
-- left out: observed days, where lag plays no role (int_registers__find_observed_runs)
with

contracts as (
    select
        contract_id,
        register,
        register_lag_days,
        requires_person_status,
        starts_on,
        ends_on
    from {{ ref('stg_contracts__contracts') }}
),

parts as (
    select
        contract_id,
        kind,
        effort_months,
        last_day(entries_last_month) + follow_up_days as last_follow_up_on
    from {{ ref('stg_contracts__parts') }}
),

courses as (
    select
        contract_id,
        visited_on
    from {{ ref('stg_deltagere__courses') }}
),

windows as (
    select
        source,
        extracted_on,
        starts_on,
        ends_before
    from {{ ref('int_deliveries__resolve_effective_windows') }}
),

deliveries as (
    select
        source,
        extracted_on
    from {{ ref('stg_deliveries__known') }}
),

list_term_months as (
    select
        contract_id,
        unnest(
            generate_series(
                date_trunc('year', starts_on),
                date_trunc('year', ends_on) + interval 11 months,
                interval 1 month
            )
        )::date as month
    from contracts
),

list_referral_months as (
    select
        contract_id,
        {{ month_of('visited_on') }} as referral_month
    from courses
    group by all
),

list_effort_months as (
    select
        list_referral_months.contract_id,
        unnest(
            generate_series(
                list_referral_months.referral_month + interval 1 month,
                list_referral_months.referral_month + to_months(parts.effort_months),
                interval 1 month
            )
        )::date as month
    from list_referral_months
    inner join parts
        on
            list_referral_months.contract_id = parts.contract_id
            and parts.kind = 'person_months'
),

list_follow_up_months as (
    select
        contracts.contract_id,
        unnest(
            generate_series(
                {{ month_of('contracts.ends_on') }}, parts.last_follow_up_on, interval 1 month
            )
        )::date as month
    from contracts
    inner join parts
        on
            contracts.contract_id = parts.contract_id
            and parts.kind = 'relapse_reduction'
),

list_months as (
    select
        contract_id,
        month
    from list_term_months
    union
    select
        contract_id,
        month
    from list_effort_months
    union
    select
        contract_id,
        month
    from list_follow_up_months
),

describe_months as (
    select
        list_months.contract_id,
        list_months.month,
        {{ month_end('list_months.month') }} as month_ends_before,
        contracts.register,
        last_day(list_months.month) + contracts.register_lag_days as extracted_from,
        contracts.requires_person_status
    from list_months
    inner join contracts on list_months.contract_id = contracts.contract_id
),

list_questions as (
    select
        register,
        month,
        month_ends_before,
        extracted_from
    from describe_months
    group by all
),

count_backed_days as (
    select
        list_questions.register,
        list_questions.month,
        list_questions.extracted_from,
        sum(
            least(windows.ends_before, list_questions.month_ends_before)
            - greatest(windows.starts_on, list_questions.month)
        ) as backed_days
    from list_questions
    inner join windows
        on
            list_questions.register = windows.source
            and list_questions.month < windows.ends_before
            and list_questions.month_ends_before > windows.starts_on
            and list_questions.extracted_from <= windows.extracted_on
    group by
        list_questions.register,
        list_questions.month,
        list_questions.extracted_from
),

find_newest_person_status as (
    select max(extracted_on) as extracted_on
    from deliveries
    where source = 'personstatus'
),

judge_months as (
    select
        describe_months.contract_id,
        describe_months.month,
        coalesce(
            count_backed_days.backed_days
            = describe_months.month_ends_before - describe_months.month,
            false
        ) as is_register_observed,
        not describe_months.requires_person_status
        or coalesce(
            find_newest_person_status.extracted_on >= describe_months.month_ends_before,
            false
        ) as is_person_status_known
    from describe_months
    left join count_backed_days
        on
            describe_months.register = count_backed_days.register
            and describe_months.month = count_backed_days.month
            and describe_months.extracted_from = count_backed_days.extracted_from
    cross join find_newest_person_status
),

final as (
    select
        contract_id,
        month,
        is_register_observed,
        is_person_status_known,
        is_register_observed and is_person_status_known as is_observed
    from judge_months
)

select * from final
