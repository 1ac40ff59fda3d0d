-- grain: one row per clipped spell of a participant in a register that decides the course
-- counts: the spells that the rules about courses read, found in the register once, for contracts
--   and their variants alike
-- rules: R2.case, R3.exit
-- left out: everybody without a course
with

spells as (
    select
        register_no,
        person_no,
        code,
        group_no,
        starts_on,
        ends_before,
        row_starts_on
    from {{ ref('int_spells__clip_to_windows') }}
),

courses as (
    select
        register_no,
        person_no
    from {{ ref('int_courses__join_terms') }}
    union
    select
        register_no,
        person_no
    from {{ shadow_ref('int_courses__join_terms') }}
),

final as (
    select
        spells.register_no,
        spells.person_no,
        spells.code,
        spells.group_no,
        spells.starts_on,
        spells.ends_before,
        spells.row_starts_on
    from spells
    semi join courses
        on
            spells.person_no = courses.person_no
            and spells.register_no = courses.register_no
)

select * from final
