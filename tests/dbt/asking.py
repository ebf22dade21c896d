"""The SQL of a model or data test without dbt: as text, or asked of the local Athena on rows."""

import datetime as datetime_module
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import yaml
from jinja2.runtime import Macro

Row = Mapping[str, Any]
# What stands for a parent: rows, or a query.
Inputs = Mapping[str, Iterable[Row] | str]

TYPES = {
    bool: "boolean",
    int: "bigint",
    float: "double",
    str: "varchar",
    Decimal: "decimal(38, 2)",
    date: "date",
    datetime: "timestamp(6)",
}


class Returned(Exception):
    """How dbt's `return` leaves a macro."""


def _return(value: Any) -> None:
    raise Returned(value)


class Project:
    """The dbt project as files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.jinja = jinja2.Environment(extensions=["jinja2.ext.do"])
        self.vars = yaml.safe_load((root / "dbt_project.yml").read_text())["vars"]

    @cache  # noqa: B019 - one project a session
    def types(self) -> dict[str, dict[str, str]]:
        """Model or seed -> column -> its type as far as the YAML says it."""
        found: dict[str, dict[str, str]] = {}
        for path in [*self.root.glob("models/**/*.yml"), *self.root.glob("seeds/*.yml")]:
            described = yaml.safe_load(path.read_text()) or {}
            for node in [*described.get("models", []), *described.get("seeds", [])]:
                typed = {each["name"]: each.get("data_type") for each in node.get("columns", [])}
                typed |= node.get("config", {}).get("column_types", {})
                found[node["name"]] = typed
        return found

    def sql(
        self,
        model: str,
        inputs: Inputs,
        variables: Mapping[str, Any],
        days: list[str] | None = None,
    ) -> str:
        """The model as one select, each of its refs a relation of the rows given for it."""
        return self.render(model, lambda name: self.relation(name, inputs[name]), days, variables)

    def render(
        self,
        model: str,
        relation: Callable[[str], str],
        days: list[str] | None,
        variables: Mapping[str, Any] | None = None,
    ) -> str:
        """The model's SQL, on a full build (`days` is None) or for these touched days.

        `relation` says what stands for a parent, by its name.
        """
        folders = ("models", "tests/singular")
        (path,) = (file for each in folders for file in (self.root / each).rglob(f"{model}.sql"))
        variables = {**self.vars, **(variables or {})}
        columns = self.types().get(model, {})
        context: dict[str, Any] = {
            **self.jinja.globals,
            "adapter": SimpleNamespace(
                get_columns_in_relation=lambda _: [{"name": name} for name in columns]
            ),
            "config": _Config(),
            "env_var": lambda _, default: default,
            "execute": True,
            "is_incremental": lambda: days is not None,
            "model": SimpleNamespace(columns=columns),
            "modules": SimpleNamespace(datetime=datetime_module, re=re),
            "ref": relation,
            "return": _return,
            "source": lambda _, table: relation(table),
            "target": SimpleNamespace(name="local"),
            "this": model,
            "var": lambda name, *default: variables.get(name, *default),
        }
        for file in sorted(self.root.glob("macros/*.sql")):
            module = self.jinja.from_string(file.read_text()).make_module(context, shared=True)
            for name, macro in vars(module).items():
                if isinstance(macro, Macro):
                    context[name] = _called(macro)
        # That asks the catalog, not the model.
        context["touched_days"] = lambda: days
        return self.jinja.from_string(path.read_text()).render(context)

    def relation(self, name: str, rows: Iterable[Row] | str) -> str:
        if isinstance(rows, str):
            return f"({rows})"
        rows = list(rows)
        types = dict(self.types().get(name, {}))
        for row in rows:
            for column, value in row.items():
                if types.get(column) is None and value is not None:
                    types[column] = TYPES[type(value)]
        typed = {column: type_ or "varchar" for column, type_ in types.items()}
        columns = ", ".join(f"cast({c} as {type_}) as {c}" for c, type_ in typed.items())
        if not rows:
            nulls = ", ".join(f"cast(null as {type_}) as {c}" for c, type_ in typed.items())
            return f"(select {nulls} where false)"
        values = ", ".join(
            f"({', '.join(_literal(row.get(column)) for column in typed)})" for row in rows
        )
        return f"(select {columns} from (values {values}) as made_up ({', '.join(typed)}))"


class _Config(dict):
    """The `config` of a model: calling it sets."""

    def __call__(self, **settings: Any) -> str:
        self.update(settings)
        return ""


def _called(macro: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return macro(*arguments, **named)
        except Returned as returned:
            return returned.args[0]

    return call


def _literal(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int():
            return f"bigint '{value}'"
        case float():
            return f"double '{value}'"
        case datetime():
            return f"timestamp '{value.isoformat(' ', 'microseconds')}'"
        case date():
            return f"date '{value}'"
        case Decimal():
            return f"decimal '{value}'"
    return "'" + value.replace("'", "''") + "'"


def texts_of(
    athena: Any, sql: str, results: str = "s3://asked/"
) -> tuple[list[dict[str, Any]], list[tuple[str | None, ...]]]:
    """What a query answers: its columns, as Athena describes them, and its rows as texts."""
    query = athena.start_query_execution(
        QueryString=sql, ResultConfiguration={"OutputLocation": results}
    )["QueryExecutionId"]
    state = "QUEUED"
    while state in ("QUEUED", "RUNNING"):
        execution = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        state = execution["Status"]["State"]
    assert state == "SUCCEEDED", f"{execution['Status']['StateChangeReason']}\n{sql}"
    pages = list(athena.get_paginator("get_query_results").paginate(QueryExecutionId=query))
    rows = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]]
    columns = pages[0]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    return columns, [tuple(cell.get("VarCharValue") for cell in row) for row in rows[1:]]


def rows_of(athena: Any, sql: str) -> list[dict[str, Any]]:
    """What a query answers, in Python's types."""
    columns, rows = texts_of(athena, sql)
    return [
        {
            column["Name"]: None if text is None else _value(column["Type"], text)
            for column, text in zip(columns, row, strict=True)
        }
        for row in rows
    ]


def _value(type_: str, text: str) -> Any:
    match type_:
        case "bigint" | "integer":
            return int(text)
        case "double":
            return float(text)
        case "boolean":
            return text == "true"
        case "date":
            return date.fromisoformat(text)
        case "timestamp":
            return datetime.fromisoformat(text)
        case "decimal":
            return Decimal(text)
        case "json":
            return json.loads(text)
    return text
