-- The lines that are not an event's first copy: which row they come from, and the line of the
-- landing day's file they take. Grain: one row per extra line.
create table extras as
with copies as (
    select
        nth_pick(j, greatest($duplicates, 1), $events, 'duplicates') as i,
        day_of(i) as day,
        least($days - 1, day + below(j, 'sent again', 2)) as landing,
        'duplicate' as kind,
    from range($duplicates) as copies (j)
),

broken as (
    select
        -- rows after the last event, so that a broken line never carries a real event's id
        $events + j as i,
        day_of(nth_pick(j, greatest($malformed, 1), $events, 'malformed')) as day,
        day as landing,
        ['truncated', 'not_json', 'missing_field', 'bad_type', 'bad_timestamp'][1 + j % 5] as kind,
    from range($malformed) as broken (j)
),

placed as (
    select
        *,
        -- stands before this event
        first_of_day(landing)
        + below(i, 'slot ' || kind, first_of_day(landing + 1) - first_of_day(landing) + 1)
        as position,
    from (from copies union all from broken)
),

final as (
    select
        landing,
        position,
        row_number() over (partition by landing order by position, kind, i) as tie,
        position - first_of_day(landing) + tie - 1 as line_number,
        i,
        day,
        kind,
    from placed
)

select * from final order by landing, line_number
