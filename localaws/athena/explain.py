"""EXPLAIN and EXPLAIN ANALYZE: the engine's own plan of what runs here, not Athena's.

The operators are DuckDB's, under Trino's names; below them stands what is read of each table once
partitions and files are left out. Rows of the answer: measured on Athena by
aoyagikouhei/athena-local (docs/dev/measurements/statements.md, "EXPLAIN"). Source of the options:
Athena user guide, "Using EXPLAIN and EXPLAIN ANALYZE".
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from localaws.athena.outcome import Outcome
from localaws.athena.scanned import Relation, relations
from localaws.engine import Session
from localaws.sql.dialect import parse_query
from localaws.sql.errors import Position, QueryError, blanked
from localaws.sql.queries import analyze
from localaws.sql.types import BOOLEAN, VARCHAR, Type
from localaws.tables.resolver import Lakehouse

_EXPLAIN = re.compile(
    r"\s*explain(?:\s+(?P<analyze>analyze)\b(?:\s+(?P<verbose>verbose)\b)?)?"
    r"\s*(?:\(\s*(?P<options>(?:format|type)\b[^()]*)\))?\s*(?P<query>.*)",
    re.IGNORECASE | re.DOTALL,
)
_QUERY = re.compile(r"[\s(]*(select|with|values|table)\b", re.IGNORECASE)
_CHOICES = {
    "FORMAT": ("TEXT", "GRAPHVIZ", "JSON"),
    "TYPE": ("LOGICAL", "DISTRIBUTED", "VALIDATE", "IO"),
}
_NAMES = {
    "PROJECTION": "Project",
    "HASH_GROUP_BY": "Aggregate",
    "PERFECT_HASH_GROUP_BY": "Aggregate",
    "PARTITIONED_AGGREGATE": "Aggregate",
    "UNGROUPED_AGGREGATE": "Aggregate",
    "ORDER_BY": "Sort",
    "TOP_N": "TopN",
    "STREAMING_LIMIT": "Limit",
    "STREAMING_WINDOW": "Window",
    "CROSS_PRODUCT": "CrossJoin",
    "COLUMN_DATA_SCAN": "Values",
    "DUMMY_SCAN": "Values",
    "EMPTY_RESULT": "Values",
    "READ_PARQUET": "TableScan",
    "READ_CSV": "TableScan",
    "READ_CSV_AUTO": "TableScan",
}
# Of no use to a reader, or only of this machine.
_HIDDEN = ("Estimated Cardinality", "Function", "Filename(s)", "Scanning Files", "File Filters")


@dataclass(frozen=True)
class _Node:
    """`rows` and `seconds` are what was measured; `estimate` is what the engine expects."""

    name: str
    details: list[str]
    estimate: int | None = None
    rows: int | None = None
    seconds: float | None = None
    children: list["_Node"] = field(default_factory=list)


def explain(sql: str, database: str, lakehouse: Lakehouse, session: Session) -> Outcome:
    """Raises QueryError for what is wrong with the query, and for options that are refused."""
    match = _EXPLAIN.fullmatch(sql)
    assert match is not None
    options = _options(match["options"] or "")
    kind, format_ = options.get("TYPE", "LOGICAL"), options.get("FORMAT", "TEXT")
    if match["verbose"] or kind == "IO" or format_ == "GRAPHVIZ":
        what = "VERBOSE" if match["verbose"] else "TYPE IO" if kind == "IO" else "FORMAT GRAPHVIZ"
        raise QueryError("NOT_SUPPORTED", f"EXPLAIN with {what} is not supported locally")
    if match["analyze"] and "TYPE" in options:
        raise QueryError("SYNTAX_ERROR", "mismatched input 'TYPE': EXPLAIN ANALYZE has no TYPE")
    query = blanked(sql, match.start("query"))
    if not _QUERY.match(query):
        word = match["query"].split(maxsplit=1)[0].upper() if match["query"] else "<EOF>"
        raise QueryError("NOT_SUPPORTED", f"EXPLAIN of {word} is not supported locally")
    output, analysis = analyze(parse_query(query), query, lakehouse, database)
    if kind == "VALIDATE":
        return _answer("Valid", BOOLEAN, "true\n")
    plan = lakehouse.finish(output, analysis, session)
    read = relations(analysis.scans, plan.sql, lakehouse, session)
    names = {engine: name for each in read for engine, name in each.engine_names.items()}
    if match["analyze"]:
        root = _measured(plan.sql, names, session)
        scanned, unbounded = plan.scanned, True
    else:
        root = _planned(plan.sql, names, session)
        scanned, unbounded = 0, False
    root = _Node("Output", [f"[{', '.join(plan.output.column_names)}]"], children=[root])
    single = match["analyze"] is not None or kind == "DISTRIBUTED"
    text = _json(root, read) if format_ == "JSON" else _text(root, read, single)
    type_ = VARCHAR if unbounded else Type("varchar", (len(text),))
    return _answer("Query Plan", type_, text, scanned)


def _options(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for option in filter(None, re.split(r"\s*,\s*", text.strip())):
        name, _, value = option.upper().partition(" ")
        value = value.strip()
        if name not in _CHOICES or value not in _CHOICES[name] or name in found:
            raise QueryError("SYNTAX_ERROR", f"mismatched input '{option}'", Position(1, 9))
        found[name] = value
    return found


def _answer(name: str, type_: Type, text: str, scanned: int = 0) -> Outcome:
    """A row for each line, and an empty one at the end, as Athena splits a plan."""
    rows = ((line,) for line in text.split("\n"))
    return Outcome("DML", "EXPLAIN", [(name, type_)], rows, scanned=scanned)


# ---- the engine's plan


def _planned(sql: str, names: dict[str, str], session: Session) -> _Node:
    ((_, text),) = session.rows(f"EXPLAIN (FORMAT JSON) {sql}")
    (root,) = json.loads(text)
    return _node(root, "name", names)


def _measured(sql: str, names: dict[str, str], session: Session) -> _Node:
    """Runs the query."""
    ((_, text),) = session.rows(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
    (root,) = json.loads(text)["operator"]
    # The profiler's own operators stand around the query's.
    while root["type"] in ("RESULT_COLLECTOR", "EXPLAIN_ANALYZE"):
        (root,) = root["children"]
    return _node(root, "type", names)


def _node(raw: dict[str, Any], key: str, names: dict[str, str]) -> _Node:
    info = raw.get("extra_info") or {}
    estimate = info.get("Estimated Cardinality")
    return _Node(
        _name(raw[key], info),
        [
            f"{label}: {_readable(value, names)}"
            for label, value in info.items()
            if label not in _HIDDEN and not label.startswith("__") and value not in ("", [])
        ],
        int(estimate) if estimate and str(estimate).isdecimal() else None,
        raw.get("intermediate_rows"),
        raw.get("timing"),
        [_node(child, key, names) for child in raw.get("children", [])],
    )


def _name(operator: str, info: dict[str, Any]) -> str:
    if operator.endswith("_JOIN"):
        kind = str(info.get("Join Type", "inner")).title()
        return f"{kind}Join"
    return _NAMES.get(operator) or operator.title().replace("_", "").strip()


def _readable(value: Any, names: dict[str, str]) -> str:
    """The engine's own names of columns replaced by the table's."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return re.sub(r"\bs\d+_\d+\b", lambda match: names.get(match[0], match[0]), text)


# ---- text and JSON


def _text(root: _Node, read: list[Relation], fragment: bool) -> str:
    lines = ["Fragment 0 [SINGLE]"] if fragment else []
    lines += _lines(root, "    " if fragment else "")
    if read:
        lines += ["", "Relations read", *(f"- {each}" for each in read)]
    return "\n".join(lines) + "\n\n\n"


def _lines(node: _Node, indent: str) -> Iterator[str]:
    head, *rest = node.details if node.name == "Output" else ["", *node.details]
    yield f"{indent}- {node.name}{head}"
    for detail in rest:
        yield f"{indent}        {detail}"
    if node.rows is not None:
        yield f"{indent}        CPU: {1000 * (node.seconds or 0):.2f}ms, Output: {node.rows} rows"
    elif node.estimate is not None:
        yield f"{indent}        Estimates: {{rows: {node.estimate}}}"
    for child in node.children:
        yield from _lines(child, indent + "    ")


def _json(root: _Node, read: list[Relation]) -> str:
    numbers = iter(range(1_000_000))

    def shape(node: _Node) -> dict[str, Any]:
        shaped: dict[str, Any] = {
            "id": str(next(numbers)),
            "name": node.name,
            "details": node.details,
        }
        if node.rows is not None:
            shaped["outputRows"] = node.rows
            shaped["cpuMillis"] = 1000 * (node.seconds or 0)
        elif node.estimate is not None:
            shaped["estimates"] = [{"outputRowCount": node.estimate}]
        return {**shaped, "children": [shape(child) for child in node.children]}

    plan = {**shape(root), "relations": [each.shape() for each in read]}
    return json.dumps(plan, indent=2) + "\n"
