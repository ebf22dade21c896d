"""GetPartitions' Expression, against an evaluator of its own for random expressions.

Source of the grammar: Glue API reference, GetPartitions; of the errors: moto's tests, which were
compared with AWS (tests/test_glue/test_partition_filter.py).
"""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localaws.partition_filter import partition_filter
from localaws.routes import AwsError

NULL = "__HIVE_DEFAULT_PARTITION__"
KEYS = [
    {"Name": "n", "Type": "int"},
    {"Name": "day", "Type": "date"},
    {"Name": "s", "Type": "string"},
    {"Name": "price", "Type": "decimal(10,2)"},
    {"Name": "at", "Type": "timestamp"},
]
ROWS = {
    "a": ["9", "2025-01-01", "x", "1.50", "2025-01-01 10:00:00"],
    "b": ["10", "2025-01-02", "it's", "2", "2025-01-01 10:00:00.5"],
    "c": [NULL, NULL, NULL, NULL, NULL],
}


def kept(expression: str) -> str:
    keep = partition_filter(expression, KEYS)
    return "".join(name for name, values in ROWS.items() if keep(values))


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("", "abc"),
        ("n = 9", "a"),
        ("n = '9'", "a"),
        ("n <> 9", "b"),
        ("n != 9", "b"),
        ("n > 9", "b"),
        ("n >= 9 and n < 10", "a"),
        ("N = 9 OR N = 10", "ab"),
        ("(n=9) or (n=10)", "ab"),
        ("not n = 9", "b"),
        ("not (n = 9 and s = 'x')", "bc"),
        ("n in (9, 11)", "a"),
        ("n not in (9, 11)", "b"),
        ("n between 10 and 11", "b"),
        ("n not between 10 and 11", "a"),
        ("n between 9 and 9 or n between 10 and 10", "ab"),
        ("n is null", "c"),
        ("n is not null", "ab"),
        ("day = '2025-01-01'", "a"),
        ("day >= date '2025-01-02'", "b"),
        ("day = '2025-01-01 00:00:00'", "a"),
        ("day > timestamp '2025-01-01 12:00:00'", "b"),
        ("s = 'it''s'", "b"),
        ("s like 'i%'", "b"),
        ("s like '_'", "a"),
        ("s not like 'x'", "bc"),
        ("s = '__HIVE_DEFAULT_PARTITION__'", "c"),
        ("price = 1.5", "a"),
        ("price > 1.5", "b"),
        ("at > '2025-01-01 10:00:00'", "b"),
        ("\"n\" = 9 and `s` = 'x'", "a"),
        ("((n = (9)))", "a"),
    ],
)
def test_what_an_expression_keeps(expression, names) -> None:
    assert kept(expression) == names


@pytest.mark.parametrize(
    ("expression", "code", "message"),
    [
        ("nope = 1", "InvalidInputException", "Invalid partition expression!"),
        ("n = None", "InvalidInputException", "Invalid partition expression!"),
        ("n =", "InvalidInputException", "Unsupported expression 'n ='"),
        ("n = 9 s = 'x'", "InvalidInputException", "Unsupported expression"),
        ("(n = 9", "InvalidInputException", "Unsupported expression"),
        ("n in ()", "InvalidInputException", "Unsupported expression"),
        ("9 = n", "InvalidInputException", "Invalid partition expression!|Unsupported"),
        ("n ~ 9", "InvalidInputException", "Unsupported expression"),
        ("n = 'x'", "InvalidInputException", 'For input string: "x" is not an integer.'),
        ("day = 'x'", "InvalidInputException", "is not a date"),
        ("n like '1%'", "InvalidInputException", "Integral data type doesn't support operation"),
        ("day like '2025%'", "InvalidInputException", "Date data type doesn't support operation"),
    ],
)
def test_what_an_expression_cannot_be(expression, code, message) -> None:
    with pytest.raises(AwsError, match=message) as error:
        kept(expression)
    assert error.value.code == code


def test_a_value_of_another_type_than_its_key() -> None:
    keep = partition_filter("n >= 0", KEYS)
    with pytest.raises(AwsError, match='For input string: "null" is not an integer') as error:
        keep(["null", "2025-01-01", "x", "1", "2025-01-01 00:00:00"])
    assert error.value.code == "InvalidStateException"


# ---- random expressions over two keys, computed by Python itself

VALUES = st.tuples(
    st.one_of(st.integers(-3, 3), st.none()),
    st.one_of(st.dates(date(2025, 1, 1), date(2025, 1, 5)), st.none()),
)


def unknown(test, *operands):
    return None if None in operands else test(*operands)


def both(a, b):
    return False if a is False or b is False else None if None in (a, b) else True


def either(a, b):
    return True if a is True or b is True else None if None in (a, b) else False


COMPARE = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
}
LEAF = st.one_of(
    st.tuples(st.just("n"), st.sampled_from(list(COMPARE)), st.integers(-3, 3)),
    st.tuples(
        st.just("day"),
        st.sampled_from(list(COMPARE)),
        st.dates(date(2025, 1, 1), date(2025, 1, 5)),
    ),
    st.tuples(st.sampled_from(["n", "day"]), st.just("is null"), st.none()),
    st.tuples(st.just("n"), st.just("in"), st.lists(st.integers(-3, 3), min_size=1, max_size=3)),
)
TREE = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner), st.tuples(st.sampled_from(["and", "or"]), inner, inner)
    ),
    max_leaves=6,
)


def written(tree) -> str:
    match tree:
        case ("not", inner):
            return f"not ({written(inner)})"
        case (("and" | "or") as joint, left, right):
            return f"({written(left)}) {joint} ({written(right)})"
        case (key, "is null", _):
            return f"{key} is null"
        case (key, "in", choices):
            return f"{key} in ({', '.join(map(str, choices))})"
        case (key, sign, value):
            return f"{key} {sign} " + (f"'{value}'" if key == "day" else str(value))


def computed(tree, n, day):
    of = {"n": n, "day": day}
    match tree:
        case ("not", inner):
            known = computed(inner, n, day)
            return None if known is None else not known
        case ("and", left, right):
            return both(computed(left, n, day), computed(right, n, day))
        case ("or", left, right):
            return either(computed(left, n, day), computed(right, n, day))
        case (key, "is null", _):
            return of[key] is None
        case (key, "in", choices):
            return unknown(lambda value: value in choices, of[key])
        case (key, sign, value):
            return unknown(lambda own: COMPARE[sign](own, value), of[key])


@given(TREE, VALUES)
def test_random_expressions(tree, values) -> None:
    n, day = values
    expression = written(tree)
    row = [NULL if n is None else str(n), NULL if day is None else str(day), "s", "1", "x"]
    expected = computed(tree, n, day) is True
    assert bool(partition_filter(expression, KEYS)(row)) is expected
    # Space and case do not matter.
    loud = re.sub(r"\b(and|or|not|in|is|null)\b", lambda m: m[0].upper(), expression)
    assert bool(partition_filter(f"  {loud}  ", KEYS)(row)) is expected
