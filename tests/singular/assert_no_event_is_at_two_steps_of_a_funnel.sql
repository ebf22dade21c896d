-- An event at two steps would leave open which of them it is. Two steps of a funnel with the same
-- action must name pages, and different ones.
with

steps as (

    select
        funnel,
        step_number,
        action,
        page
    from {{ ref('funnels') }}

)

select
    steps.funnel,
    steps.step_number,
    later_steps.step_number as also_step_number,
    steps.action
from steps
inner join steps as later_steps
    on steps.funnel = later_steps.funnel
    and steps.step_number < later_steps.step_number
    and steps.action = later_steps.action
where steps.page is null
    or later_steps.page is null
    or steps.page = later_steps.page
