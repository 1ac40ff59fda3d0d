-- grain: one row per delivery, person, week and group of the weekly payments
-- counts: weeks in which the person's sum of the group is above zero within the delivery, person by
--   newest number; corrections come as extra rows
-- rules: I.ydelsesrefusion
-- decides: I.ydelsesrefusion
-- left out: weeks whose payments cancel out
with

payments as (
    select
        person_no,
        benefit_group,
        starts_on,
        ends_before,
        paid_dkk,
        delivery_no
    from {{ ref('stg_ydelsesrefusion__payments') }}
),

persons as (
    select
        person_no,
        canonical_person_no
    from {{ ref('int_persons__resolve_identity') }}
),

final as (
    select
        payments.delivery_no,
        payments.benefit_group,
        payments.starts_on,
        payments.ends_before,
        coalesce(persons.canonical_person_no, payments.person_no) as person_no
    from payments
    left join persons on payments.person_no = persons.person_no
    group by
        coalesce(persons.canonical_person_no, payments.person_no),
        payments.benefit_group,
        payments.starts_on,
        payments.ends_before,
        payments.delivery_no
    having sum(payments.paid_dkk) > 0
)

select * from final
