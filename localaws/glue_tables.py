"""Glue's actions about databases, tables and their versions that moto answers without pages, with
another meaning of Expression, or not at all. Requests come with names in lower case.

Source of the shapes: the Glue API reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from localaws import pages
from localaws.catalog import EntityNotFound
from localaws.routes import AwsError, Context, Handler

PAGE = 100
T = TypeVar("T")


def page(
    items: list[T],
    place: Callable[[T], Any],
    payload: dict[str, Any],
    size: int,
    descending: bool = False,
) -> tuple[list[T], dict[str, str]]:
    """One page of `items`, which come in ascending order of `place`, and the NextToken member
    where more are left. Raises AwsError for a token that is not from here."""
    token = payload.get("NextToken")
    try:
        size = min(payload.get("MaxResults", size), size)
        found, following = pages.page(items, place, token, size, descending)
    except (ValueError, TypeError):
        message = f"The pagination token is invalid: {token}"
        raise AwsError("InvalidInputException", message) from None
    return found, {"NextToken": following} if following else {}


def get_databases(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    databases = sorted(context.catalog.databases(), key=_name)
    found, token = page(databases, _name, payload, PAGE)
    return {"DatabaseList": found, **token}


def get_tables(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    matches = _pattern(payload.get("Expression", ""))
    tables = [
        each for each in context.catalog.tables(payload["DatabaseName"]) if matches(_name(each))
    ]
    found, token = page(sorted(tables, key=_name), _name, payload, PAGE)
    return {"TableList": found, **token}


def _name(entity: dict[str, Any]) -> str:
    return entity["Name"]


def _pattern(expression: str) -> Callable[[str], Any]:
    """A regular expression for the whole name, in which a `*` that follows nothing that could be
    repeated is any text: clients write `fact_*` as well as `fact_.*`."""
    if not expression:
        return lambda _: True
    loose = re.sub(r"(?<![.\])}\\])\*", ".*", expression)
    try:
        return re.compile(loose, re.IGNORECASE).fullmatch
    except re.error as error:
        message = f"Expression is not a regular expression: {error}"
        raise AwsError("InvalidInputException", message) from None


def get_table_versions(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    """Newest first, as Glue lists them."""
    versions = context.catalog.table_versions(payload["DatabaseName"], payload["TableName"])
    newest_first = sorted(versions, key=_age)
    found, token = page(newest_first, _age, payload, PAGE)
    return {
        "TableVersions": [{"Table": each, "VersionId": each["VersionId"]} for each in found],
        **token,
    }


def _age(version: dict[str, Any]) -> int:
    return -int(version["VersionId"])


def batch_delete_table(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    """A table that is not there is an error of its own, the others go."""
    context.catalog.get_database(payload["DatabaseName"])
    errors = []
    for name in payload["TablesToDelete"]:
        try:
            context.catalog.delete_table(payload["DatabaseName"], name)
        except EntityNotFound as error:
            errors.append({"TableName": name, "ErrorDetail": _detail(error)})
    return {"Errors": errors}


def delete_table_version(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    context.catalog.delete_table_version(
        payload["DatabaseName"], payload["TableName"], payload["VersionId"]
    )
    return {}


def batch_delete_table_version(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    place = payload["DatabaseName"], payload["TableName"]
    context.catalog.get_table(*place)
    errors = []
    for version in payload["VersionIds"]:
        try:
            context.catalog.delete_table_version(*place, version)
        except AwsError as error:
            failed = {"TableName": place[1], "VersionId": version, "ErrorDetail": _detail(error)}
            errors.append(failed)
    return {"Errors": errors}


def get_user_defined_functions(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    """There are none: they cannot be made here."""
    if "DatabaseName" in payload:
        context.catalog.get_database(payload["DatabaseName"])
    return {"UserDefinedFunctions": []}


def _detail(error: AwsError) -> dict[str, str]:
    return {"ErrorCode": error.code, "ErrorMessage": error.message}


ACTIONS: dict[str, Handler] = {
    "GetDatabases": get_databases,
    "GetTables": get_tables,
    "GetTableVersions": get_table_versions,
    "BatchDeleteTable": batch_delete_table,
    "DeleteTableVersion": delete_table_version,
    "BatchDeleteTableVersion": batch_delete_table_version,
    "GetUserDefinedFunctions": get_user_defined_functions,
}
