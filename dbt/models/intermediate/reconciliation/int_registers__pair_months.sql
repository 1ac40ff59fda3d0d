{{ config(materialized='view') }}
-- grain: one row per course, other register and effort month that both registers observe
-- counts: every course, eligible or not; the whole month must lie in one run of each register
-- rules: R1.two_registers; docs/reconciliation.md
-- left out: what the registers say of the month (int_registers__reconcile_months). A view, read
--   there alone
with

efforts as (
    select
        course_no,
        contract_no,
        register_no,
        person_no,
        subsidised_job_blocks,
        starts_on,
        ends_before
    from {{ ref('int_courses__bound_efforts') }}
),

registers as (
    select
        register_no,
        source
    from {{ ref('stg_registers') }}
),

runs as (
    select
        source,
        starts_on,
        ends_before
    from {{ ref('int_registers__find_observed_runs') }}
),

observed_runs as (
    select
        registers.register_no,
        runs.starts_on,
        runs.ends_before
    from runs
    inner join registers on runs.source = registers.source
),

pairs as (
    select
        efforts.course_no,
        efforts.contract_no,
        efforts.person_no,
        efforts.subsidised_job_blocks,
        efforts.register_no,
        other_runs.register_no as other_register_no,
        greatest(efforts.starts_on, own_runs.starts_on, other_runs.starts_on) as starts_on,
        least(efforts.ends_before, own_runs.ends_before, other_runs.ends_before) as ends_before
    from efforts
    inner join observed_runs as own_runs
        on
            efforts.register_no = own_runs.register_no
            and efforts.starts_on < own_runs.ends_before
            and efforts.ends_before > own_runs.starts_on
    inner join observed_runs as other_runs
        on
            efforts.register_no != other_runs.register_no
            and greatest(efforts.starts_on, own_runs.starts_on) < other_runs.ends_before
            and least(efforts.ends_before, own_runs.ends_before) > other_runs.starts_on
),

months as (
    select
        pairs.*,
        unnest(
            generate_series(
                {{ month_of('starts_on') }}, {{ month_of('ends_before') }}, interval 1 month
            )
        )::date as month
    from pairs
),

final as (
    select
        course_no,
        contract_no,
        person_no,
        subsidised_job_blocks,
        register_no,
        other_register_no,
        month
    from months
    where month >= starts_on and {{ month_end('month') }} <= ends_before
)

select * from final
