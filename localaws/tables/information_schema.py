"""information_schema: the catalog as tables that can be queried.

Sources: Trino's io.trino.connector.informationschema.InformationSchemaTable (tables, columns and
their types); Athena user guide, "Querying AWS Glue Data Catalog" (`comment` and `extra_info` are
among the columns of `columns`).
"""

from dataclasses import dataclass
from typing import Any

from localaws.catalog import Catalog
from localaws.sql.errors import QueryError
from localaws.sql.hive_types import catalog_type
from localaws.sql.quoting import quoted, text_literal
from localaws.sql.types import BIGINT, VARCHAR, Type
from localaws.tables.hive import require_storage
from localaws.tables.iceberg import IcebergTable, Lake, is_iceberg
from localaws.tables.views import is_view, load_view

NAME = "information_schema"
CATALOG = "awsdatacatalog"
_TABLE = ("table_catalog", "table_schema", "table_name")
_COLUMNS: dict[str, tuple[str, ...]] = {
    "columns": (
        *_TABLE,
        "column_name",
        "ordinal_position",
        "column_default",
        "is_nullable",
        "data_type",
        "comment",
        "extra_info",
    ),
    "tables": (*_TABLE, "table_type"),
    "views": (*_TABLE, "view_definition"),
    "schemata": ("catalog_name", "schema_name"),
    "table_privileges": (
        "grantor",
        "grantor_type",
        "grantee",
        "grantee_type",
        *_TABLE,
        "privilege_type",
        "is_grantable",
        "with_hierarchy",
    ),
    "roles": ("role_name",),
    "applicable_roles": ("grantee", "grantee_type", "role_name", "is_grantable"),
    "enabled_roles": ("role_name",),
}
_READABLE = ("columns", "tables", "views", "schemata")
_Row = tuple[str | int | None, ...]


@dataclass(frozen=True)
class InformationSchemaTable:
    """Conditions on `partition_keys` decide which tables of the catalog are looked at."""

    name: str
    database: str = NAME
    hidden_columns: tuple[tuple[str, Type], ...] = ()

    @property
    def columns(self) -> tuple[tuple[str, Type], ...]:
        return tuple((name, _type(name)) for name in _COLUMNS[self.name])

    @property
    def partition_keys(self) -> tuple[str, ...]:
        return () if self.name == "schemata" else ("table_schema", "table_name")


def information_schema_table(name: str) -> InformationSchemaTable:
    """Raises TABLE_NOT_FOUND, NOT_SUPPORTED."""
    if name not in _COLUMNS:
        message = f"Table '{CATALOG}.{NAME}.{name}' does not exist"
        raise QueryError("TABLE_NOT_FOUND", message)
    if name not in _READABLE:
        raise QueryError("NOT_SUPPORTED", f"{NAME}.{name} is not supported locally")
    return InformationSchemaTable(name)


def table_names(catalog: Catalog) -> list[tuple[str, str]]:
    """(database, table) of all tables and views, those of information_schema itself included."""
    found = [
        (database["Name"], table["Name"])
        for database in catalog.databases()
        for table in catalog.tables(database["Name"])
    ]
    return [*found, *((NAME, name) for name in _COLUMNS)]


def rows_sql(
    table: InformationSchemaTable, names: list[tuple[str, str]], catalog: Catalog, lake: Lake
) -> str:
    """A relation with the rows about the tables `names`."""
    rows = _rows(table.name, names, catalog, lake)
    columns = ", ".join(quoted(name) for name, _ in table.columns)
    empty = ", ".join(f"CAST(NULL AS {type_.duckdb()})" for _, type_ in table.columns)
    values = f" UNION ALL VALUES {_values(rows)}" if rows else ""
    return f"(SELECT * FROM (SELECT {empty} WHERE false{values}) AS f({columns}))"


def _values(rows: list[_Row]) -> str:
    return ", ".join(f"({', '.join(map(_constant, row))})" for row in rows)


def _constant(value: str | int | None) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else text_literal(value)


def _type(column: str) -> Type:
    return BIGINT if column == "ordinal_position" else VARCHAR


# ---- rows


def _rows(what: str, names: list[tuple[str, str]], catalog: Catalog, lake: Lake) -> list[_Row]:
    if what == "schemata":
        databases = [each["Name"] for each in catalog.databases()]
        return [(CATALOG, name) for name in [*databases, NAME]]
    wanted = set(names)
    rows: list[_Row] = []
    for database in sorted({database for database, _ in wanted} - {NAME}):
        for glue in catalog.tables(database):
            if (database, glue["Name"]) in wanted:
                rows += _of_table(what, glue, lake)
    for name in (name for database, name in names if database == NAME):
        rows += _of_own(what, name)
    return rows


def _of_table(what: str, glue: dict[str, Any], lake: Lake) -> list[_Row]:
    place = (CATALOG, glue["DatabaseName"], glue["Name"])
    match what:
        case "tables":
            return [(*place, "VIEW" if is_view(glue) else "BASE TABLE")]
        case "views":
            return [(*place, load_view(glue).sql)] if is_view(glue) else []
    try:
        columns = _described(glue, lake)
    except (QueryError, ValueError):
        # As in Trino, a table that cannot be read has no columns; a query of it tells why.
        return []
    return [
        (*place, name, i, None, nullable, type_, comment, extra)
        for i, (name, type_, comment, nullable, extra) in enumerate(columns, start=1)
    ]


def _of_own(what: str, name: str) -> list[_Row]:
    place = (CATALOG, NAME, name)
    if what == "tables":
        return [(*place, "BASE TABLE")]
    if what == "views":
        return []
    return [
        (*place, column, i, None, "YES", str(_type(column)), None, None)
        for i, column in enumerate(_COLUMNS[name], start=1)
    ]


def _described(glue: dict[str, Any], lake: Lake) -> list[tuple[str | None, ...]]:
    """(name, type, comment, nullable, extra) of each column."""
    if is_view(glue):
        return [(name, str(type_), None, "YES", None) for name, type_ in load_view(glue).columns]
    if is_iceberg(glue):
        # The table's own metadata are the truth, not what Glue repeats of them.
        table = IcebergTable(glue["DatabaseName"], glue["Name"], lake.load(glue), None)
        return [
            (name, str(type_), field.doc, "NO" if field.required else "YES", None)
            for (name, type_), field in zip(table.columns, table.schema.fields, strict=True)
        ]
    require_storage(glue)
    columns = [(each, None) for each in glue["StorageDescriptor"].get("Columns") or []]
    columns += [(each, "partition key") for each in glue.get("PartitionKeys") or []]
    return [
        (
            each["Name"].lower(),
            str(catalog_type(each["Type"])),
            each.get("Comment") or None,
            "YES",
            extra,
        )
        for each, extra in columns
    ]
