create table late as
select nth_pick(j, greatest($late, 1), first_of_day($days - 1), 'late') as i,
from range($late) as late (j)
order by i;

-- The lines of a day that are no event of this day in its place: late events, second copies and
-- broken lines (`kind` 0, 1 and 2). `rank` is their order among the extra lines of the day they
-- land on; `id` is i for events and a number beyond them for broken lines, which never carry a
-- real event's id.
create table extras as
with copied as (
    select
        nth_pick(j, greatest($duplicates, 1), $events, 'duplicates') as i,
        day_of(i) as day,
        case when is_late(i) then late_landing(i, day) else day end as first_landing,
    from range($duplicates) as copied (j)
),

broken as (
    select
        j,
        nth_pick(j, greatest($malformed, 1), $events, 'malformed') as i,
        day_of(i) as day,
    from range($malformed) as broken (j)
),

landed as (
    select
        0 as kind, i as id, i, day_of(i) as day, late_landing(i, day) as landing,
        null as breakage, null as first_landing,
    from late
    union all
    select
        1, i, i, day,
        -- half of them on the same day
        least($days - 1, first_landing + [0, 0, 0, 1, 1, 2][1 + below(i, 'sent again', 6)]),
        null, first_landing,
    from copied
    union all
    select
        2, $events + j, i, day, day,
        -- the last breakage is the huge one
        case
            when j < $huge_lines then $breakages
            else 1 + j % ($breakages - 1)
        end,
        null,
    from broken
),

final as (
    select
        landing,
        row_number() over (
            partition by landing order by draw(id, 'rank ' || kind), kind, id
        ) - 1 as rank,
        kind,
        id,
        i,
        day,
        breakage,
        first_landing,
    from landed
)

select * from final order by landing, rank;

-- Users whose plan or country changes, on days after their first. Grain: user and day.
create table changes as
with changed as (
    select u, upgrade_day(u) as upgraded, move_day(u) as moved,
    from range(1, $users + 1) as users (u)
    where draw(u, 'upgrade') % 16 = 0 or draw(u, 'move') % 40 = 0
),

days as (
    select u, upgraded as day, from changed where upgraded is not null
    union
    select u, moved, from changed where moved is not null
),

final as (
    select day, row_number() over (partition by day order by u) - 1 as rank, u,
    from days
)

select * from final order by day, rank;
