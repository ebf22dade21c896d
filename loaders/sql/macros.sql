-- Draws are a pure function of (seed, row number, purpose): any row can be drawn alone, in any
-- order and on any thread, and comes out the same.
-- DuckDB's two-argument hash() only xors the two hashes, which would make the draws for two
-- purposes copies of each other; mixing the purpose in before the hash keeps them independent.
create macro draw(n, purpose) as hash(xor(n::ubigint, hash('$seed/' || purpose)));

-- An integer in [0, k).
create macro below(n, purpose, k) as (draw(n, purpose) % k)::bigint;

-- A double in [0, 1) with 53 random bits. Only products, sums and floor() follow: they give the
-- same bits on every machine, which pow() or ln() do not.
create macro unit(n, purpose) as (draw(n, purpose) >> 11)::double / 9007199254740992.0;

-- k of n rows, exactly: the rows are cut into k runs and one row is picked from each.
create macro nth_pick(j, k, n, purpose) as
    (j * n) // k + below(j, purpose, ((j + 1) * n) // k - (j * n) // k);
create macro is_picked(i, k, n, purpose) as
    k > 0
    and i < n
    and i = nth_pick(((i + 1) * greatest(k, 1) - 1) // greatest(n, 1), greatest(k, 1), n, purpose);

-- Events are numbered 0 to $events - 1 in the order of their days, an equal share a day.
create macro first_of_day(day) as (day * $events) // $days;
create macro day_of(i) as ((i + 1) * $days - 1) // $events;

-- Late events land on a later day, most of them on the next.
create macro is_late(i) as is_picked(i, $late, first_of_day($days - 1), 'late');
create macro late_landing(i, day) as
    day + 1 + floor(($days - 1 - day) * unit(i, 'delay') * unit(i, 'delay'))::bigint;

create macro basket_of(i) as 1 + below(i, 'basket', $baskets);

-- A random UUID by hash: version 8 (custom, RFC 9562) in its variant.
create macro event_uuid(i) as (
    ((draw(i, 'id high') & 18446744073709490175::ubigint) | 32768::ubigint)::uhugeint << 64
    | ((draw(i, 'id low') & 4611686018427387903::ubigint) | 9223372036854775808::ubigint)::uhugeint
)::uuid::varchar;

-- Users are numbered 1 to $users in the order of their sign-ups: seven of ten before the first
-- day, the others day by day.
create macro users_before(day) as $old_users + (day * ($users - $old_users)) // $days;
create macro sign_up_day(u) as case
    when u <= $old_users then -1
    else ((u - $old_users) * $days - 1) // greatest($users - $old_users, 1)
end;
-- Of users who sign up during the days, in milliseconds: there is time left for a session.
create macro sign_up_clock(u) as below(u, 'sign-up', 69120000);

-- Where a user lives, as a place in the vocabulary's locations.
create macro home(u) as case
    when draw(u, 'home') % 10 < 5 then 0
    when draw(u, 'home') % 10 < 8 then 1
    else 2
end;

-- A plan, as a place in the vocabulary's; and the days, after their first here, on which some users
-- upgrade it and some move.
create macro first_plan(u) as case
    when draw(u, 'plan') % 100 < 70 then 0 when draw(u, 'plan') % 100 < 93 then 1 else 2
end;
create macro change_day(u, what) as
    sign_up_day(u) + 1 + below(u, 'day of ' || what, greatest($days - 1 - sign_up_day(u), 1));
create macro upgrade_day(u) as case
    when
        draw(u, 'upgrade') % 16 = 0
        and first_plan(u) < 2
        and greatest(sign_up_day(u), 0) < $days - 1
        then greatest(change_day(u, 'upgrade'), 1)
end;
create macro move_day(u) as case
    when
        draw(u, 'move') % 40 = 0
        and greatest(sign_up_day(u), 0) < $days - 1
        then greatest(change_day(u, 'move'), 1)
end;
