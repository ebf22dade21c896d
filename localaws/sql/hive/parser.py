"""Statements in Hive's grammar: text to the dataclasses of `statements`.

Source: Athena user guide, "DDL statements" and the statements of "Iceberg". What is not listed
here is refused by name.
"""

from localaws.sql.errors import QueryError
from localaws.sql.hive import statements as s
from localaws.sql.hive.reader import Reader
from localaws.sql.hive.tables import alter_table, create_table


def parse_ddl(sql: str) -> object:
    """One of the dataclasses. Raises QueryError for anything else."""
    reader = Reader(sql)
    statement = _statement(reader)
    reader.end()
    return statement


def _statement(reader: Reader) -> object:
    match reader.word():
        case "CREATE":
            return _create(reader)
        case "DROP":
            return _drop(reader)
        case "ALTER" if reader.accept_any("DATABASE", "SCHEMA"):
            name = reader.database()
            reader.expect("SET", "DBPROPERTIES")
            return s.AlterDatabase(name, reader.properties())
        case "ALTER":
            return alter_table(reader)
        case "SHOW":
            return _show(reader)
        case "DESCRIBE" | "DESC":
            return _describe(reader)
        case "MSCK":
            return _repair(reader)
        case word:
            raise _not_supported(f"the statement {word}")


def _not_supported(what: str) -> QueryError:
    return QueryError("NOT_SUPPORTED", f"{what} is not supported locally")


def _create(reader: Reader) -> object:
    if reader.accept_any("DATABASE", "SCHEMA"):
        return _create_database(reader)
    if reader.peek() in ("VIEW", "OR", "PROTECTED", "MATERIALIZED"):
        raise _not_supported("CREATE VIEW other than CREATE [OR REPLACE] VIEW name AS query")
    external = reader.accept("EXTERNAL")
    if reader.accept("TABLE"):
        return create_table(reader, external)
    raise reader.error("TABLE, DATABASE or VIEW")


def _create_database(reader: Reader) -> s.CreateDatabase:
    if_not_exists = reader.accept("IF", "NOT", "EXISTS")
    name, comment, location, properties = reader.database(), None, None, {}
    while not reader.done():
        if reader.accept("COMMENT"):
            comment = reader.text(folded=True)
        elif reader.accept("LOCATION"):
            location = reader.text()
        elif reader.accept("WITH", "DBPROPERTIES"):
            properties = reader.properties()
        else:
            raise reader.error()
    return s.CreateDatabase(name, if_not_exists, comment, location, properties)


def _drop(reader: Reader) -> object:
    if reader.accept_any("DATABASE", "SCHEMA"):
        if_exists = reader.accept("IF", "EXISTS")
        name = reader.database()
        cascade = reader.accept("CASCADE")
        reader.accept("RESTRICT")
        return s.DropDatabase(name, if_exists, cascade)
    view = reader.accept("VIEW")
    if not view and not reader.accept("TABLE"):
        raise reader.error("TABLE, VIEW or DATABASE")
    if_exists = reader.accept("IF", "EXISTS")
    name = reader.name(view=view)
    if not view:
        reader.accept("PURGE")
    return s.DropTable(name, if_exists, view)


def _repair(reader: Reader) -> s.RepairTable:
    reader.expect("REPAIR", "TABLE")
    name = reader.name()
    if reader.peek() in ("ADD", "DROP", "SYNC"):
        raise _not_supported(f"MSCK REPAIR TABLE ... {reader.peek()} PARTITIONS")
    return s.RepairTable(name)


# ---- SHOW and DESCRIBE


def _show(reader: Reader) -> object:
    match reader.word():
        case "DATABASES" | "SCHEMAS":
            return s.ShowDatabases(reader.text() if reader.accept("LIKE") else None)
        case "TABLES":
            inside = reader.accept_any("IN", "FROM")
            database = reader.database() if inside else None
            reader.accept("LIKE")
            return s.ShowTables(database, None if reader.done() else reader.text())
        case "VIEWS":
            inside = reader.accept_any("IN", "FROM")
            database = reader.database() if inside else None
            pattern = reader.text() if reader.accept("LIKE") else None
            return s.ShowTables(database, pattern, views=True)
        case "COLUMNS":
            return s.ShowColumns(_columns_of(reader))
        case "PARTITIONS":
            return s.ShowPartitions(reader.name())
        case "TBLPROPERTIES":
            name = reader.name()
            key = reader.listed(reader.text)[0] if reader.peek() == "(" else None
            return s.ShowTableProperties(name, key)
        case "CREATE" if reader.accept("TABLE"):
            return s.ShowCreate(reader.name())
        case "CREATE" if reader.accept("VIEW"):
            return s.ShowCreate(reader.name(view=True), view=True)
        case word:
            raise _not_supported(f"SHOW {word}")


def _columns_of(reader: Reader) -> s.Name:
    if not reader.accept_any("IN", "FROM"):
        raise reader.error("IN or FROM")
    name = reader.name(view=True)
    if reader.accept_any("IN", "FROM"):
        return s.Name(reader.database(), name.table, name.quoted)
    return name


def _describe(reader: Reader) -> s.Describe:
    if reader.peek() in ("FORMATTED", "EXTENDED") and not reader.done(1):
        raise _not_supported(f"DESCRIBE {reader.peek()}")
    name = reader.name(view=True)
    partition = reader.partition() if reader.peek() == "PARTITION" else None
    column = None if reader.done() else reader.identifier()
    if reader.accept("."):
        raise _not_supported("DESCRIBE of a part of a column")
    return s.Describe(name, partition, column)
