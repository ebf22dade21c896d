-- Trino's semantics where DuckDB's differ. Each macro is used by localaws/sql; the tests in
-- tests/localaws/sql hold them against Trino's documentation.

-- Fails with a Trino error. A cast is used because error() is volatile, which TRY rejects; the
-- engine finds code and message in the text that does not convert.
create macro tr_fail(code, message) as cast('@' || code || '@' || message || '@' as integer);

-- Fails because only the engine cannot do it: with an error that TRY does not take for NULL.
create macro tr_refuse(message) as cast(timezone('@' || message || '@', timestamp '2000-01-01') as varchar);
