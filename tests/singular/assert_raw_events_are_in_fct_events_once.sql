-- No document is lost or doubled on the way from the raw zone: every event id received is in
-- fct_events exactly once, unless one of its lines was quarantined or has an action that the
-- flatten job drops.
--
-- Scans raw JSON, so it reads the newest ingest dates loaded only. To read further back:
--   dbt test --select assert_raw_events_are_in_fct_events_once --vars 'raw_check_days: 365'
-- Fails when documents of those dates landed after the flatten job last ran.
{{ config(tags=['whole_history']) }}

{%- set ingest_dates = 'true' %}
{%- if execute %}
    {%- set newest = run_query('select max(ingest_date) from ' ~ ref('fct_events')).rows[0][0] %}
    {#- an empty fct_events has no newest date, and the whole raw zone to answer for #}
    {%- if newest %}
        {%- set last = "date '" ~ newest ~ "'" %}
        {%- set first = "date_add('day', " ~ (1 - var('raw_check_days')) ~ ", " ~ last ~ ")" %}
        {%- set ingest_dates = 'ingest_date between ' ~ first ~ ' and ' ~ last %}
    {%- endif %}
{%- endif %}

with

raw_events as (

    select
        event_id,
        max(
            case when action in ('{{ var("dropped_actions") | join("', '") }}') then 1 else 0 end
        ) as is_dropped
    from {{ ref('stg_raw__logs') }}
    where {{ ingest_dates }}
        -- the length of a UUID: any other id is no event
        and length(event_id) = 36
    group by event_id

),

quarantined as (

    -- a line may have several ids, in quotes of any kind: the raw table's reader takes one
    select distinct ids.event_id
    from {{ ref('stg_cleaned__quarantined_lines') }} as quarantined_lines
    cross join
        unnest(
            regexp_extract_all(quarantined_lines.raw_line, '[^"''\s:,{}]{36}')
        ) as ids (event_id)
    where {{ ingest_dates }}

),

fct_events as (

    select
        event_id,
        count(*) as row_count
    from {{ ref('fct_events') }}
    group by event_id

)

select
    raw_events.event_id,
    coalesce(fct_events.row_count, 0) as row_count
from raw_events
left join quarantined on raw_events.event_id = quarantined.event_id
left join fct_events on raw_events.event_id = fct_events.event_id
where raw_events.is_dropped = 0
    and quarantined.event_id is null
    and coalesce(fct_events.row_count, 0) <> 1
