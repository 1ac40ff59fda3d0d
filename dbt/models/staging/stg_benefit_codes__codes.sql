{{ config(materialized='table') }}
-- grain: one row per benefit code
-- counts: the ranges of the code table, one row per code
-- rules: I.benefit_codes
-- left out: codes in no range (they reject their row)
with

ranges as (
    select
        code_from,
        code_to,
        benefit_group,
        match_group,
        is_public_support,
        is_subsidised_job,
        is_exit,
        exit_reason
    from {{ source('raw', 'benefit_code') }}
),

groups as (
    select
        group_no,
        benefit_group
    from {{ ref('stg_benefit_codes__groups') }}
),

expand_ranges as (
    select
        *,
        unnest(range(code_from::integer, code_to::integer + 1))::smallint as code
    from ranges
),

final as (
    select
        expand_ranges.code,
        groups.group_no,
        expand_ranges.benefit_group,
        expand_ranges.match_group,
        expand_ranges.is_public_support,
        expand_ranges.is_subsidised_job,
        expand_ranges.is_exit,
        expand_ranges.exit_reason
    from expand_ranges
    inner join groups on expand_ranges.benefit_group = groups.benefit_group
)

select * from final
