-- What is computed from the values of a group once an aggregate has collected them.

create macro tr_bigint(total) as
    case
        when total between -9223372036854775808 and 9223372036854775807 then total::bigint
        when total is not null
            then tr_fail('NUMERIC_VALUE_OUT_OF_RANGE', 'bigint addition overflow: ' || total)::bigint
    end;
