-- The question that actions_by_location answers, asked of the raw documents instead: what the mart
-- saves. Counts every line received that has an event id, duplicates, dropped actions and what went
-- to quarantine included.
--   dbt show --select actions_by_location_from_raw
select
    location,
    action,
    count(*) as line_count
from {{ ref('stg_raw__logs') }}
group by location, action
