"""What is a statement: against the verdicts of Trino's own parser, and which words are names."""

from pathlib import Path

import pytest
from sqlglot import exp

from localaws.athena.explain import explain
from localaws.athena.statements import strip
from localaws.sql.dialect import parse_query
from localaws.sql.errors import QueryError

_LINES = (Path(__file__).parent / "grammar.tsv").read_text("utf-8").splitlines()
VERDICTS = [line.split("\t", 1) for line in _LINES if not line.startswith("# ")]
# Keywords and operators of other dialects, and of sqlglot, that are mere names to Athena.
_NAMES = """
    analyze anti any apply asof asc at autoincrement begin bucket cache check cluster columns
    comment database date desc div double exclude fetch filter final format function glob global if
    ignore ilike index int interval isnull json kill limit list load lock map merge minus mod next
    notnull nulls object offset only ordinality over overlaps overwrite partition percent period pivot
    position pragma prewhere procedure qualify range refresh regexp rename replace rlike row rows
    sample schema semi set settings show some sort straight_join struct substring summarize
    tablesample temporary time timestamp top truncate try_cast unique unpivot update use user
    variadic view volatile watermark window xor year zone
"""
PLACES = [
    "select {} from t",
    "select a {} from t",
    "select {}[1], {}['x'] from t",
    "select a as {}, {}.b from {}",
    "select {}(a), {}(a, b) from t",
    "select * from t {}",
    "select * from t {} join u on true",
    "select * from t left join u {} on {}.a = t.a",
    "select a from t where {} = 1 and {} in (1, 2) or not {}",
    "select a from t group by {} order by {} desc",
    "select a {} from t limit 1",
    "select a from t {} limit 1",
    "select sum(a) over {} from t window {} as (partition by {})",
    "select transform(a, {} -> {} + 1), reduce(a, 0, (s, {}) -> s, s -> s)",
    "select case {} when 1 then {} else b end, cast(a as row({} integer)).{} from t",
    "with {} (a) as (select 1) select a from {}",
    "insert into {} ({}) select {} from t",
    "update t set {} = {} + 1 where {} is null",
]


def test_what_trino_refuses_is_a_syntax_error_at_its_place() -> None:
    assert len(VERDICTS) > 1400
    wrong = []
    for verdict, statement in VERDICTS:
        found = _verdict(statement.replace("⏎", "\n"))
        if found != verdict:
            wrong.append((statement, verdict, found))
    assert wrong == []


def _verdict(sql: str) -> str:
    """As the table writes it. A valid statement may still be refused for another reason."""
    try:
        parse_query(sql)
    except QueryError as error:
        if error.code == "SYNTAX_ERROR":
            return f"{error.at.line}:{error.at.column}"
        assert error.code in ("NOT_SUPPORTED", "TYPE_NOT_FOUND"), sql
    return "ok"


def test_a_word_of_another_dialect_is_a_name() -> None:
    wrong = []
    for name in _NAMES.split():
        for place in PLACES:
            sql = place.replace("{}", name)
            if _unquoted(sql) != _unquoted(place.replace("{}", f'"{name}"')):
                wrong.append(sql)
    assert wrong == []


def _unquoted(sql: str) -> exp.Expression:
    tree = parse_query(sql)
    for name in tree.find_all(exp.Identifier):
        name.set("quoted", False)
    for call in tree.find_all(exp.Anonymous):
        call.set("this", call.name)
    return tree


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("-- of dbt\n/* and\nmore */ select ['x']", "SYNTAX_ERROR: line 3:16: mismatched input '['"),
        ("\n\n  selct 1", "SYNTAX_ERROR: line 3:3: mismatched input 'selct'"),
        ("select 1 as `a`", "SYNTAX_ERROR: line 1:13: backquoted identifiers are not supported"),
        ("select 1 as 1a", "SYNTAX_ERROR: line 1:13: identifiers must not start with a digit"),
        ('select 1 as ""', "SYNTAX_ERROR: line 1:13: Zero-length delimited identifier"),
        ("select U&'\\00'", "SYNTAX_ERROR: line 1:8: Invalid escape sequence"),
        ("select a 'x' from t", "TYPE_NOT_FOUND: line 1:8: Unknown type: a"),
        ("select interval '1 day'", "TYPE_NOT_FOUND: line 1:8: Unknown type: interval"),
        # Athena's grammar has them.
        ("select current_path", "NOT_SUPPORTED: line 1:8: CURRENT_PATH is not supported locally"),
        ("select json_object('a': 1)", "NOT_SUPPORTED: line 1:23: this syntax is not supported"),
    ],
)  # fmt: skip
def test_errors(statement, error) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(strip(statement))
    assert str(caught.value).startswith(error)


def test_explain_points_into_its_own_statement() -> None:
    with pytest.raises(QueryError) as caught:
        explain("explain (type logical)\nselect a, ['x']", "default", None, None)
    assert str(caught.value) == "SYNTAX_ERROR: line 2:11: mismatched input '['"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("U&'\\0041d\\+01F600\\\\'", "Ad😀\\"),
        ("U&'!0041' UESCAPE '!'", "A"),
        ("0x1F + 0o17 + 0b101 + 1_000", "1051"),
        ("1_0.5", "10.5"),
        ("'a\\'", "a\\"),
        ("/*+ no hint */ 1 -- 'x", "1"),
    ],
)
def test_constants(evaluate, expression, value) -> None:
    assert evaluate(expression) == value
