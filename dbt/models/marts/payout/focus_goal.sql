-- grain: one row per contract, observed month of the term and benefit group
-- counts: persons with a long case, those with a placement or ordinary hours, and how many more are
--   needed to reach the target; without persons the row is one of zeros
-- rules: R6.focus_goal, M.suppression
-- left out: months that the register does not observe
with

counts as (
    select
        contract_id,
        month,
        benefit_group,
        persons,
        with_placement,
        with_hours,
        with_either,
        target_share
    from {{ ref('int_focus_goal__count_persons') }}
),

measured as (
    select
        contract_id,
        month,
        benefit_group,
        persons,
        with_placement,
        with_hours,
        with_either,
        target_share,
        case when persons > 0 then {{ fraction('with_either', 'persons', 6) }} else 0 end
        ::decimal(9, 6) as achieved_share,
        greatest(ceil(target_share * persons)::bigint - with_either, 0) as missing_to_target
    from counts
),

final as (
    {{ publish_statistics('focus_goal', 'measured') }}
)

select * from final
