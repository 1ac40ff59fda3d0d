{{ config(materialized='table') }}
-- grain: one row per benefit group
-- counts: every group of the code table, numbered by name; a flag is true if any code has it
-- rules: I.benefit_codes
-- left out: nothing
with

codes as (
    select
        benefit_group,
        is_public_support,
        is_subsidised_job
    from {{ source('raw', 'benefit_code') }}
),

gather_groups as (
    select
        benefit_group,
        bool_or(is_public_support) as is_public_support,
        bool_or(is_subsidised_job) as is_subsidised_job
    from codes
    group by benefit_group
),

final as (
    select
        benefit_group,
        is_public_support,
        is_subsidised_job,
        (row_number() over (order by benefit_group))::utinyint as group_no
    from gather_groups
)

select * from final
