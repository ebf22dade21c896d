"""Views as Athena stores them: base64 JSON in the Glue table's ViewOriginalText."""

import base64
import json
import re
from typing import Any

from localaws.sql.errors import QueryError
from localaws.sql.quoting import quoted
from localaws.sql.scope import View
from localaws.sql.type_parser import parse_type
from localaws.sql.types import VARCHAR, Type, row

_COMMENT = "Presto View"
_PREFIX, _SUFFIX = "/* Presto View: ", " */"


def is_view(glue: dict[str, Any]) -> bool:
    return glue.get("TableType") == "VIRTUAL_VIEW"


def kept_a_view(table: dict[str, Any]) -> dict[str, Any]:
    """A TableInput that stays a view for Trino, which knows its views by their comment: dbt's
    persist_docs writes the description in its place as well (TrinoViewUtil; dbt-athena's
    persist_docs_to_glue)."""
    parameters = table.get("Parameters") or {}
    if not is_view(table) or parameters.get("presto_view") != "true":
        return table
    return {**table, "Parameters": {**parameters, "comment": _COMMENT}}


def load_view(glue: dict[str, Any]) -> View:
    text = (glue.get("ViewOriginalText") or "").strip()
    title = f"{glue['DatabaseName']}.{glue['Name']}"
    if not (text.startswith(_PREFIX) and text.endswith(_SUFFIX)):
        raise QueryError("NOT_SUPPORTED", f"Hive views are not supported locally: {title}")
    try:
        stored = json.loads(base64.b64decode(text[len(_PREFIX) : -len(_SUFFIX)]))
        columns = tuple((each["name"], parse_type(each["type"])) for each in stored["columns"])
        sql, schema = stored["originalSql"], stored.get("schema") or ""
    except (ValueError, KeyError, TypeError) as error:
        raise QueryError("INVALID_VIEW", f"Invalid view text of {title}: {error!r}") from None
    catalog = stored.get("catalog") or "awsdatacatalog"
    if catalog.lower() != "awsdatacatalog":
        message = f"the view {title} on the catalog {catalog} is not supported locally"
        raise QueryError("NOT_SUPPORTED", message)
    return View(glue["DatabaseName"], glue["Name"], sql, schema, columns)


def view_input(
    name: str, sql: str, database: str, columns: list[tuple[str, Type]], account: str
) -> dict[str, Any]:
    """The TableInput of a view.

    Raises QueryError for a column type that a view cannot have.
    """
    stored = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [{"name": column, "type": _stored(type_)} for column, type_ in columns],
        "owner": account,
        "runAsInvoker": False,
        "properties": {},
    }
    encoded = base64.b64encode(json.dumps(stored).encode()).decode()
    return {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": _COMMENT},
        "PartitionKeys": [],
        # dbt-athena reads the location of whatever it finds.
        "StorageDescriptor": {
            "Columns": [
                {"Name": column, "Type": _glue_type(column, type_)} for column, type_ in columns
            ],
            "Location": "",
            "SerdeInfo": {},
        },
        "ViewOriginalText": f"{_PREFIX}{encoded}{_SUFFIX}",
        "ViewExpandedText": "/* Presto View */",
    }


def _stored(type_: Type) -> str:
    """Trino's spelling, with quotes around names of fields that would be read otherwise."""
    match type_.base:
        case "array":
            return f"array({_stored(type_.element)})"
        case "map":
            return f"map({_stored(type_.args[0])}, {_stored(type_.args[1])})"
        case "row":
            fields = (
                f"{_field_name(name)} {_stored(each)}" if name else _stored(each)
                for name, each in type_.args
            )
            return f"row({', '.join(fields)})"
    return str(type_)


def _field_name(name: str) -> str:
    return name if re.fullmatch("[a-z_][a-z0-9_]*", name) else quoted(name)


def _in_the_catalog(type_: Type) -> Type:
    """The nearest type that the catalog can hold; the view's text has the type itself."""
    match type_.base:
        case "timestamp with time zone":
            return Type("timestamp", type_.args)
        case "json":
            return VARCHAR
        case "array" | "map":
            return Type(type_.base, tuple(map(_in_the_catalog, type_.args)))
        case "row":
            return row(*((name, _in_the_catalog(each)) for name, each in type_.args))
    return type_


def _glue_type(column: str, type_: Type) -> str:
    try:
        return _in_the_catalog(type_).hive()
    except ValueError:
        raise QueryError(
            "NOT_SUPPORTED", f"Column '{column}' has an unsupported type: {type_}"
        ) from None
