-- grain: one row per contract and month that its rules ask about (int_months__list)
-- counts: a month is observed if every day's owner was extracted late enough after the month and,
--   where the contract asks for it, a person status extract made after the month is known
-- rules: R1.observed
-- decides: R1.observed
-- left out: observed days, where lag plays no role (int_registers__find_observed_runs)
with

contracts as (
    select
        contract_id,
        register,
        register_lag_days,
        requires_person_status
    from {{ ref('stg_contracts__contracts') }}
),

months as (
    select
        contract_id,
        month
    from {{ ref('int_months__list') }}
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

describe_months as (
    select
        months.contract_id,
        months.month,
        {{ month_end('months.month') }} as month_ends_before,
        contracts.register,
        last_day(months.month) + contracts.register_lag_days as extracted_from,
        contracts.requires_person_status
    from months
    inner join contracts on months.contract_id = contracts.contract_id
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
