-- grain: one row per contract, part, course (or group) and month with an amount today
-- counts: every amount other than 0 that today's knowledge books on a month of an ordinary period:
--     person-months, one per group of an fte part, one per relapse part
-- rules: S.new, S.part_lines
-- decides: S.new, S.part_lines
-- left out: what becomes of an amount whose period is open or approved (int_lines__number,
--     int_lines__true_up)
with

person_months as (
    select
        contract_id,
        part_id,
        course_id,
        month,
        price_group,
        amount_dkk
    from {{ ref('int_person_months__price') }}
    where
        is_payable
        and amount_dkk <> 0
),

reductions as (
    select
        contract_id,
        part_id,
        null::varchar as course_id,
        booking_month as month,
        benefit_group as price_group,
        booked_dkk as amount_dkk
    from {{ ref('int_fte__measure_reduction') }}
    where booked_dkk <> 0
),

savings as (
    select
        contract_id,
        part_id,
        null::varchar as course_id,
        month,
        '' as price_group,
        amount_dkk
    from {{ ref('int_relapse__book_savings') }}
    where amount_dkk <> 0
),

months as (
    select
        contract_id,
        month,
        period_start,
        is_closed,
        is_approved
    from {{ ref('int_periods__spread_months') }}
),

amounts as (
    select * from person_months
    union all by name
    select * from reductions
    union all by name
    select * from savings
),

final as (
    select
        amounts.contract_id,
        months.period_start,
        amounts.part_id,
        amounts.course_id,
        amounts.month,
        amounts.price_group,
        amounts.amount_dkk,
        months.is_closed,
        months.is_approved
    from amounts
    inner join months
        on amounts.contract_id = months.contract_id and amounts.month = months.month
)

select * from final
