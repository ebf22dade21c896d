"""CREATE, ALTER, DROP and SHOW DATABASE."""

import re
from typing import Any

from localaws.athena.ddl.common import done, failed, require_database, task_failed
from localaws.athena.outcome import Outcome, listing
from localaws.catalog import AlreadyExists, EntityNotFound
from localaws.sql.errors import QueryError
from localaws.sql.hive import statements as s
from localaws.tables.locations import split_location
from localaws.tables.resolver import Lakehouse


def create(statement: s.CreateDatabase, lakehouse: Lakehouse, _: str) -> Outcome:
    database: dict[str, Any] = {"Name": statement.name, "Parameters": statement.properties}
    if statement.comment:
        database["Description"] = statement.comment
    if statement.location:
        split_location(statement.location)
        database["LocationUri"] = statement.location
    try:
        lakehouse.catalog.create_database(database)
    except AlreadyExists:
        if not statement.if_not_exists:
            raise task_failed(f"Database {statement.name} already exists") from None
    return done("CREATE_DATABASE")


def alter(statement: s.AlterDatabase, lakehouse: Lakehouse, _: str) -> Outcome:
    require_database(statement.name, lakehouse)
    database = lakehouse.catalog.get_database(statement.name)
    parameters = {**(database.get("Parameters") or {}), **statement.properties}
    lakehouse.catalog.update_database(statement.name, {**database, "Parameters": parameters})
    return done("ALTER_DATABASE")


def drop(statement: s.DropDatabase, lakehouse: Lakehouse, _: str) -> Outcome:
    try:
        tables = lakehouse.catalog.tables(statement.name)
    except EntityNotFound:
        if statement.if_exists:
            return done("DROP_DATABASE")
        message = f"SemanticException [Error 10072]: Database does not exist: {statement.name}"
        raise failed(message) from None
    if tables and not statement.cascade:
        raise task_failed(
            f"InvalidOperationException(message:Database {statement.name} is not empty. "
            "One or more tables exist.)"
        )
    lakehouse.catalog.delete_database(statement.name)
    return done("DROP_DATABASE")


def show(statement: s.ShowDatabases, lakehouse: Lakehouse, _: str) -> Outcome:
    """LIKE takes a regular expression for the whole name, `*` alone any."""
    names = sorted(each["Name"] for each in lakehouse.catalog.databases())
    if statement.pattern not in (None, "*"):
        names = [name for name in names if re.fullmatch(_regex(statement.pattern), name)]
    return listing("SHOW_DATABASES", "database_name", names)


def _regex(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        message = f"LIKE '{pattern}' is no regular expression: {error}"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", message) from None
