-- grain: one row per area, benefit group and month with a published or a register figure
-- counts: persons and full-time persons as published, and full-time persons of the home's register
-- rules: R1.register_fte, M.home_register, M.suppression; docs/adr/0004-register-of-the-home.md
-- left out: other areas than the home's
with

months as (
    select
        area,
        benefit_group,
        month,
        persons_published,
        fte_published,
        is_published_suppressed,
        delivery_no,
        persons_register,
        fte_register,
        persons
    from {{ ref('int_fte__compare_home_months') }}
),

deliveries as (
    select
        delivery_no,
        sha256
    from {{ ref('stg_deliveries__known') }}
),

named as (
    select
        months.*,
        deliveries.sha256 as statistics_sha256
    from months
    left join deliveries on months.delivery_no = deliveries.delivery_no
),

final as (
    {{ publish_statistics('fte_month', 'named') }}
)

select * from final
