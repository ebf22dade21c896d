with

actions as (

    select
        action,
        action_description
    from {{ ref('actions') }}

),

daily as (

    select
        action,
        event_count,
        order_id_count,
        app_version_count,
        page_count,
        currency_count,
        purchase_total_count,
        item_count_count,
        extra_count,
        first_event_at,
        last_event_at
    from {{ ref('int_events__daily') }}

),

observed as (

    select
        action,
        -- in the order of the alphabet; array_join leaves nulls out
        array_join(
            array[
                case when sum(app_version_count) > 0 then 'app_version' end,
                case when sum(currency_count) > 0 then 'currency' end,
                case when sum(extra_count) > 0 then 'extra' end,
                case when sum(item_count_count) > 0 then 'item_count' end,
                case when sum(order_id_count) > 0 then 'order_id' end,
                case when sum(page_count) > 0 then 'page' end,
                case when sum(purchase_total_count) > 0 then 'purchase_total' end
            ],
            ', '
        ) as observed_fields,
        sum(event_count) as event_count,
        min(first_event_at) as first_event_at,
        max(last_event_at) as last_event_at
    from daily
    group by action

),

final as (

    select
        coalesce(actions.action, observed.action) as action,
        actions.action_description,
        coalesce(observed.observed_fields, '') as observed_fields,
        coalesce(observed.event_count, 0) as event_count,
        actions.action is not null as is_in_contract,
        cast(observed.first_event_at as timestamp(3)) as first_event_at,
        cast(observed.last_event_at as timestamp(3)) as last_event_at
    from actions
    full outer join observed on actions.action = observed.action

)

select * from final
