-- grain: one row per course and effort month with at least one support day
-- counts: days covered by a spell of a group with public support or, where the contract says so, a
--   subsidised job; share does not matter, a day counts once
-- rules: R1.support_days
-- left out: months without support; whether the month is observed
--   (int_person_months__decide_status)
with

efforts as (
    select
        course_no,
        register_no,
        person_no,
        subsidised_job_blocks,
        starts_on,
        ends_before
    from {{ ref('int_courses__bound_efforts') }}
),

spells as (
    select
        register_no,
        person_no,
        group_no,
        starts_on,
        ends_before
    from {{ ref('int_spells__keep_participants') }}
),

groups as (
    select
        group_no,
        is_public_support,
        is_subsidised_job
    from {{ ref('stg_benefit_codes__groups') }}
),

list_support_spells as (
    select
        efforts.course_no,
        greatest(spells.starts_on, efforts.starts_on) as starts_on,
        max(least(spells.ends_before, efforts.ends_before)) as ends_before
    from efforts
    inner join spells
        on
            efforts.person_no = spells.person_no
            and efforts.register_no = spells.register_no
            and efforts.starts_on < spells.ends_before
            and efforts.ends_before > spells.starts_on
    inner join groups
        on
            spells.group_no = groups.group_no
            and (
                groups.is_public_support
                or (efforts.subsidised_job_blocks and groups.is_subsidised_job)
            )
    group by
        efforts.course_no,
        greatest(spells.starts_on, efforts.starts_on)
),

find_reach as (
    select
        *,
        max(ends_before) over (
            partition by course_no
            order by starts_on
            rows between unbounded preceding and 1 preceding
        ) as reached_before
    from list_support_spells
),

keep_new_days as (
    select
        course_no,
        ends_before,
        greatest(starts_on, coalesce(reached_before, starts_on)) as starts_on
    from find_reach
    where
        reached_before is null
        or ends_before > reached_before
),

split_by_month as (
    select
        course_no,
        starts_on,
        ends_before,
        unnest(
            generate_series(
                {{ month_of('starts_on') }},
                {{ month_of('ends_before - 1') }},
                interval 1 month
            )
        )::date as month
    from keep_new_days
),

final as (
    select
        course_no,
        month,
        sum(
            least(ends_before, {{ month_end('month') }}) - greatest(starts_on, month)
        )::integer as support_days
    from split_by_month
    group by
        course_no,
        month
)

select * from final
