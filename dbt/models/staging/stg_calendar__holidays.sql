-- grain: one row per public holiday
-- counts: the Danish public holidays that a deadline of the run's contracts can meet
-- rules: S.holidays
-- left out: Saturdays and Sundays that are no public holiday; none where no contract has deadlines
with

source as (
    select * from {{ source('raw', 'public_holiday') }}
),

final as (
    select holiday
    from source
)

select * from final
