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
    k > 0 and i = nth_pick(((i + 1) * greatest(k, 1) - 1) // n, greatest(k, 1), n, purpose);

-- Events are numbered 0 to $events - 1 and land in order, an equal share a day.
create macro first_of_day(day) as (day * $events) // $days;
create macro day_of(i) as ((i + 1) * $days - 1) // $events;

-- A random UUID by hash: version 8 (custom, RFC 9562) in its variant.
create macro event_uuid(i) as (
    ((draw(i, 'id high') & 18446744073709490175::ubigint) | 32768::ubigint)::uhugeint << 64
    | ((draw(i, 'id low') & 4611686018427387903::ubigint) | 9223372036854775808::ubigint)::uhugeint
)::uuid::varchar;
