-- Each day's lines of each source, cut into files of nearly equal length: the lines
-- [first_own, end_own) of what the day counts itself, and of its extras [first_extra, end_extra).
create table parts as
with landings as (
    select
        'logs' as source,
        day,
        first_of_day(day) as first,
        first_of_day(day + 1) - first_of_day(day) as own,
        (select count(*) from extras where landing = days.day) as extra,
    from range($days) as days (day)
    union all
    select
        'users',
        day,
        -- the first day begins with everybody there is
        case day when 0 then 0 else users_before(day) end as first_user,
        users_before(day + 1) - first_user,
        (select count(*) from changes where changes.day = days.day),
    from range($days) as days (day)
),

files as (
    select
        *,
        own + extra as lines,
        (lines + $max_lines_per_file - 1) // $max_lines_per_file as files,
    from landings
),

cuts as (
    select
        source,
        day,
        first,
        unnest(range(files)) as file,
        (lines * file) // files as cut,
        (lines * (file + 1)) // files as end_cut,
        (cut * extra) // lines as first_extra,
        (end_cut * extra) // lines as end_extra,
    from files
),

final as (
    select
        source,
        day,
        file,
        first + cut - first_extra as first_own,
        first + end_cut - end_extra as end_own,
        first_extra,
        end_extra,
    from cuts
)

select * from final order by source, day, file;

-- Events whose second copy stands in an earlier file of the day they landed on: the copy is the
-- one that stays.
create table displaced as
with copies as (
    select extras.i, extras.landing, parts.file
    from extras
    asof join (from parts where source = 'logs' and first_extra < end_extra) as parts
        on extras.landing = parts.day and extras.rank >= parts.first_extra
    where extras.kind = 1 and extras.landing = extras.first_landing
),

landed_late as (
    select extras.i, parts.file
    from extras
    asof join (from parts where source = 'logs' and first_extra < end_extra) as parts
        on extras.landing = parts.day and extras.rank >= parts.first_extra
    where extras.kind = 0
),

on_time as (
    select copies.i, copies.landing, copies.file, parts.file as first_file,
    from copies
    asof join (from parts where source = 'logs' and first_own < end_own) as parts
        on copies.landing = parts.day and copies.i >= parts.first_own
    where not is_late(copies.i)
),

final as (
    select landing, i, from on_time where file < first_file
    union all
    select copies.landing, i, from copies join landed_late using (i)
    where copies.file < landed_late.file
)

select * from final order by landing, i;
