create macro tr_integer_divide(a, b) as
    case when b = 0 and a is not null then tr_fail('DIVISION_BY_ZERO', 'Division by zero') else a // b end;

create macro tr_integer_mod(a, b) as
    case when b = 0 and a is not null then tr_fail('DIVISION_BY_ZERO', 'Division by zero') else a % b end;

create macro tr_decimal_mod(a, b) as
    case when b = 0 and a is not null then tr_fail('DIVISION_BY_ZERO', 'Division by zero') else a % b end;

create macro tr_float_mod(a, b) as
    case when b = 0 and a is not null then 'nan'::double else a % b end;

-- To Java 1 to the NaN is NaN, and so is 1 (or -1) to infinity.
create macro tr_pow(a, b) as
    case when abs(a) = 1 and not isfinite(b) then 'nan'::double else pow(a, b) end;

-- What Python computed of `arguments`: NaN comes back from there as NULL.
create macro tr_or_nan(result, arguments) as
    case when list_position(arguments, null) is null then coalesce(result, 'nan') end;

-- Whole numbers divided, ties away from zero.
create macro tr_divide_half_up(a, b) as
    case
        when b = 0 and a is not null then tr_fail('DIVISION_BY_ZERO', 'Division by zero')
        else
            a // b
            + case
                when 2 * abs(a % b) >= abs(b) then (case when (a < 0) = (b < 0) then 1 else -1 end)
                else 0
            end
    end;

create macro tr_of_finite(x, value) as
    case when x is null then null when isfinite(x) then value else 'nan'::double end;

create macro tr_of_unit(x, value) as
    case when x is null then null when abs(x) <= 1 then value else 'nan'::double end;

create macro tr_ln(x) as
    case when x > 0 then ln(x) when x = 0 then '-infinity'::double when x < 0 then 'nan'::double end;

create macro tr_log10(x) as
    case
        when x < 0 or isnan(x) then 'nan'::double
        when x = 0 then '-infinity'::double
        else log10(x)
    end;

-- As Trino computes it: 8.0 from 2 and 256, with the rounding of a quotient of logarithms.
create macro tr_logarithm(base, x) as tr_ln(x) / tr_ln(base);

create macro tr_sign(x) as
    case when isnan(x) then x when x = 0 then x else cast(sign(x) as double) end;

create macro tr_sqrt(x) as case when x < 0 then 'nan'::double else sqrt(x) end;

create macro tr_integer_text(text, type) as
    case
        when text is null then null
        when regexp_full_match(text, '[+-]?\d+') then text
        else tr_fail('INVALID_CAST_ARGUMENT', 'Cannot cast ''' || text || ''' to ' || upper(type))::varchar
    end;

create macro tr_decimal_text(text, type) as
    case
        when text is null then null
        when regexp_full_match(text, '[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?') then text
        else
            tr_fail(
                'INVALID_CAST_ARGUMENT',
                'Cannot cast VARCHAR ''' || text || ''' to ' || type || '. Value is not a number.'
            )::varchar
    end;

create macro tr_float_text(text, type) as
    case
        when text is null then null
        when regexp_full_match(text, '\s*[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?|NaN|Infinity)\s*')
            -- Java's suffixes are allowed.
            then rtrim(trim(text), 'dDfF')
        else tr_fail('INVALID_CAST_ARGUMENT', 'Cannot cast ''' || text || ''' to ' || upper(type))::varchar
    end;

-- `digits` of a positive number written as `whole`.`fraction`e`exponent`, the point moved.
create macro tr_scientific(digits, whole, exponent) as
    substr(ltrim(digits, '0'), 1, 1)
    || '.'
    || case
        when length(trim(digits, '0')) > 1 then substr(trim(digits, '0'), 2)
        else '0'
    end
    || 'E'
    || (length(whole) - 1 + exponent - (length(digits) - length(ltrim(digits, '0'))));

create macro tr_scientific_text(text) as
    tr_scientific(
        replace(regexp_extract(text, '^[0-9.]+'), '.', ''),
        regexp_extract(text, '^[0-9]+'),
        coalesce(try_cast(regexp_extract(text, 'e([+-]?[0-9]+)$', 1) as integer), 0)
    );

-- Trino writes every real and double with an exponent: 37.7E0 is 3.77E1.
create macro tr_float_to_varchar(value) as
    case
        when value is null then null
        when isnan(value) then 'NaN'
        when isinf(value) then (case when value > 0 then 'Infinity' else '-Infinity' end)
        when value = 0 then (case when starts_with(cast(value as varchar), '-') then '-0E0' else '0E0' end)
        -- Values so far apart that the fewest digits are not Java's.
        when typeof(value) = 'DOUBLE' and abs(value) < 1e-300 then py_java_double(cast(value as double))
        when typeof(value) = 'FLOAT' and abs(value) < 1e-40 then py_real_text(cast(value as float))
        else (case when value < 0 then '-' else '' end) || tr_scientific_text(cast(abs(value) as varchar))
    end;

create macro tr_varchar_to_boolean(text) as
    case
        when text is null then null
        when lower(text) in ('t', 'true', '1') then true
        when lower(text) in ('f', 'false', '0') then false
        else
            tr_fail('INVALID_CAST_ARGUMENT', 'Cannot cast ''' || text || ''' to BOOLEAN')::boolean
    end;

create macro tr_stored_text(text, size) as
    case
        when rtrim(substr(text, size + 1)) <> ''
            then
                tr_fail(
                    'INVALID_CAST_ARGUMENT', 'Cannot truncate non-space characters on INSERT'
                )::varchar
        else substr(text, 1, size)
    end;

-- A number or date that does not fit a varchar(n) fails; only text is cut.
create macro tr_fitting(text, size, type) as
    case
        when length(text) > size
            then
                tr_fail(
                    'INVALID_CAST_ARGUMENT',
                    'Value ' || text || ' cannot be represented as varchar(' || size || ')'
                )::varchar
        else text
    end;

-- A whole number from `start` up to below `stop`, chosen by `fraction`, which is from 0 to below 1.
create macro tr_random(start, stop, fraction) as
    case
        when start >= stop
            then tr_fail('INVALID_FUNCTION_ARGUMENT', 'start value must be less than stop value')
        else
            least(
                start::hugeint + floor(fraction * (stop::hugeint - start))::hugeint,
                stop::hugeint - 1
            )
    end;

create macro tr_random_below(stop, fraction) as
    case
        when stop <= 0 then tr_fail('INVALID_FUNCTION_ARGUMENT', 'bound must be positive')
        else tr_random(0, stop, fraction)
    end;
