"""Glue's SearchTables. Requests come with names in lower case.

Source of the rules: the Glue API reference, SearchTables, PropertyPredicate, SortCriterion: the
text of a filter is compared with the whole of a property and with each of its parts between
punctuation; comparators are for times only.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from localaws.glue_tables import page
from localaws.routes import AwsError, Context, Handler

PAGE = 1000
_TEXTS = {
    name.lower(): name for name in ("Name", "DatabaseName", "Description", "Owner", "TableType")
}
_TIMES = {name.lower(): name for name in ("CreateTime", "UpdateTime", "LastAccessTime")}
_COMPARATORS = {
    "EQUALS": operator.eq,
    "GREATER_THAN": operator.gt,
    "LESS_THAN": operator.lt,
    "GREATER_THAN_EQUALS": operator.ge,
    "LESS_THAN_EQUALS": operator.le,
}


def search_tables(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    catalog = context.catalog
    tables = [table for each in catalog.databases() for table in catalog.tables(each["Name"])]
    if payload.get("ResourceShareType", "ALL") != "ALL":
        tables = []  # nothing is shared with the only account that there is
    for predicate in payload.get("Filters", []):
        tables = [each for each in tables if _satisfies(each, predicate)]
    if text := payload.get("SearchText"):
        tables = [each for each in tables if _mentions(each, text)]
    (criterion,) = payload.get("SortCriteria") or [{}]
    field = criterion.get("FieldName", "Name").lower()
    if field not in _TEXTS and field not in _TIMES:
        raise _refused(f"sort tables by {criterion['FieldName']}")

    def place(table: dict[str, Any]) -> tuple[Any, str, str]:
        return _value(table, field), table["DatabaseName"], table["Name"]

    descending = criterion.get("Sort") == "DESC"
    found, token = page(sorted(tables, key=place), place, payload, PAGE, descending)
    return {"TableList": found, **token}


def _value(table: dict[str, Any], field: str) -> str | float:
    if field in _TIMES:
        time = table.get(_TIMES[field])
        return time.timestamp() if time else 0.0
    return table.get(_TEXTS[field], "")


def _satisfies(table: dict[str, Any], predicate: dict[str, Any]) -> bool:
    key, wanted = predicate.get("Key", ""), predicate.get("Value", "")
    comparator = predicate.get("Comparator", "EQUALS")
    if key.lower() in _TIMES:
        return _COMPARATORS[comparator](_value(table, key.lower()), _time(wanted))
    if comparator != "EQUALS":
        raise _refused(f"compare {key} by {comparator}")
    own = table.get(_TEXTS.get(key.lower(), "")) or (table.get("Parameters") or {}).get(key, "")
    return wanted.lower() in (own.lower(), *re.split(r"[^\w]+", own.lower()))


def _time(text: str) -> float:
    """Seconds since 1970, or a time as ISO 8601 writes it."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise _refused(f"compare times with {text}") from None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _mentions(table: dict[str, Any], text: str) -> bool:
    """Text in quotes is one of the values, else it stands somewhere in one."""
    text = text.lower()
    told = [each.lower() for each in _told(table) if each]
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1] in told
    return any(text in each for each in told)


def _told(table: dict[str, Any]) -> Iterator[str | None]:
    yield from (table.get(name) for name in _TEXTS.values())
    storage = table.get("StorageDescriptor") or {}
    for column in [*(storage.get("Columns") or []), *(table.get("PartitionKeys") or [])]:
        yield from (column["Name"], column.get("Comment"))
    for key, value in (table.get("Parameters") or {}).items():
        yield from (key, str(value))


def _refused(what: str) -> AwsError:
    return AwsError("InvalidInputException", f"This endpoint does not {what}.")


ACTIONS: dict[str, Handler] = {"SearchTables": search_tables}
