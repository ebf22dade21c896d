"""CREATE TABLE and ALTER TABLE."""

from collections.abc import Callable
from typing import Any

from localaws.sql.errors import QueryError
from localaws.sql.hive import statements as s
from localaws.sql.hive.reader import ICEBERG_NAMES, Reader

# Source: Hive's LazySerDeParameters and BaseSemanticAnalyzer.RowFormatParams.
_DELIMITERS: dict[tuple[str, ...], str] = {
    ("FIELDS", "TERMINATED", "BY"): "field.delim",
    ("ESCAPED", "BY"): "escape.delim",
    # Hive's own spelling of the key.
    ("COLLECTION", "ITEMS", "TERMINATED", "BY"): "colelction.delim",
    ("MAP", "KEYS", "TERMINATED", "BY"): "mapkey.delim",
    ("LINES", "TERMINATED", "BY"): "line.delim",
    ("NULL", "DEFINED", "AS"): "serialization.null.format",
}


def create_table(reader: Reader, external: bool) -> s.CreateTable:
    if_not_exists = reader.accept("IF", "NOT", "EXISTS")
    name = reader.name()
    also = () if external else ICEBERG_NAMES
    columns = reader.listed(lambda: reader.column(*also)) if reader.peek() == "(" else ()
    found: dict[str, Any] = {}
    while not reader.done():
        clause = _clause(reader)
        if twice := set(clause) & set(found):
            message = f"the clause of {sorted(twice)[0]} stands twice"
            raise QueryError("SYNTAX_ERROR", message)
        found |= clause
    return s.CreateTable(name, external, if_not_exists, columns, **found)


def _clause(reader: Reader) -> dict[str, Any]:
    if reader.accept("COMMENT"):
        return {"comment": reader.text(folded=True)}
    if reader.accept("PARTITIONED", "BY"):
        return _partitioned_by(reader)
    if reader.accept("CLUSTERED", "BY"):
        columns = reader.listed(reader.identifier)
        if reader.peek() == "SORTED":
            raise QueryError("NOT_SUPPORTED", "SORTED BY is not supported locally")
        reader.expect("INTO")
        buckets = reader.number()
        reader.expect("BUCKETS")
        return {"clustered_by": columns, "buckets": buckets}
    if reader.accept("ROW", "FORMAT", "SERDE"):
        serde: dict[str, Any] = {"serde": reader.text()}
        if reader.accept("WITH", "SERDEPROPERTIES"):
            serde["serde_properties"] = reader.properties(folded=False)
        return serde
    if reader.accept("ROW", "FORMAT", "DELIMITED"):
        return {"delimited": _delimited(reader)}
    if reader.accept("WITH", "SERDEPROPERTIES"):
        return {"serde_properties": reader.properties(folded=False)}
    if reader.accept("STORED", "AS", "INPUTFORMAT"):
        input_format = reader.text()
        reader.expect("OUTPUTFORMAT")
        return {"input_format": input_format, "output_format": reader.text()}
    if reader.accept("STORED", "AS"):
        return {"stored_as": reader.word()}
    if reader.accept("LOCATION"):
        return {"location": reader.text()}
    if reader.accept("TBLPROPERTIES"):
        return {"properties": reader.properties()}
    raise reader.error()


def _partitioned_by(reader: Reader) -> dict[str, Any]:
    """Columns with types (Hive), or columns and transforms (Iceberg)."""
    columns: list[s.Column] = []
    transforms: list[str] = []

    def item() -> None:
        if reader.at_type():
            columns.append(reader.column())
        else:
            transforms.append(reader.transform())

    reader.listed(item)
    return {"partitioned_by": tuple(columns), "transforms": tuple(transforms)}


def _delimited(reader: Reader) -> dict[str, str]:
    found: dict[str, str] = {}
    while True:
        clause = next((each for each in _DELIMITERS if reader.accept(*each)), None)
        if clause is None:
            break
        found[_DELIMITERS[clause]] = reader.text()
    if "field.delim" in found:
        found["serialization.format"] = found["field.delim"]
    return found


# ---- ALTER TABLE


def alter_table(reader: Reader) -> object:
    if reader.peek() == "VIEW":
        raise QueryError("NOT_SUPPORTED", "ALTER VIEW is not supported locally")
    reader.expect("TABLE")
    name = reader.name()
    if reader.peek() == "PARTITION":
        return _alter_partition(reader, name)
    for words, parse in _ALTERATIONS.items():
        if reader.accept(*words):
            return parse(reader, name)
    raise QueryError("NOT_SUPPORTED", f"ALTER TABLE ... {reader.peek()} is not supported locally")


def _alter_partition(reader: Reader, name: s.Name) -> object:
    partition = reader.partition()
    if reader.accept("RENAME", "TO"):
        return s.RenamePartition(name, partition, reader.partition())
    if reader.accept("SET", "LOCATION"):
        return s.SetPartitionLocation(name, partition, reader.text())
    message = f"ALTER TABLE ... PARTITION ... {reader.peek()} is not supported locally"
    raise QueryError("NOT_SUPPORTED", message)


def _add_partitions(reader: Reader, name: s.Name) -> s.AddPartitions:
    if_not_exists = reader.accept("IF", "NOT", "EXISTS")
    specs = []
    while True:
        spec = reader.partition()
        location = reader.text() if reader.accept("LOCATION") else None
        specs.append(s.PartitionSpec(spec.values, location))
        reader.accept(",")
        if reader.done():
            return s.AddPartitions(name, if_not_exists, tuple(specs))


def _drop_partitions(reader: Reader, name: s.Name) -> s.DropPartitions:
    if_exists = reader.accept("IF", "EXISTS")
    specs = [reader.partition()]
    while reader.accept(","):
        specs.append(reader.partition())
    return s.DropPartitions(name, if_exists, tuple(specs))


def _change_column(reader: Reader, name: s.Name) -> s.ChangeColumn:
    reader.accept("COLUMN")
    old, column = reader.identifier(), reader.column()
    if reader.accept("FIRST"):
        return s.ChangeColumn(name, old, column, "")
    return s.ChangeColumn(
        name, old, column, reader.identifier() if reader.accept("AFTER") else None
    )


def _columns(reader: Reader) -> tuple[s.Column, ...]:
    return reader.listed(reader.column)


# The first that fits; ADD and DROP without a word behind are about partitions.
_ALTERATIONS: dict[tuple[str, ...], Callable[[Reader, s.Name], object]] = {
    ("ADD", "COLUMNS"): lambda reader, name: s.AddColumns(name, _columns(reader)),
    ("REPLACE", "COLUMNS"): lambda reader, name: s.ReplaceColumns(name, _columns(reader)),
    ("CHANGE",): _change_column,
    ("DROP", "COLUMN"): lambda reader, name: s.DropColumn(name, reader.identifier()),
    ("SET", "TBLPROPERTIES"): lambda reader, name: s.SetTableProperties(name, reader.properties()),
    ("UNSET", "TBLPROPERTIES"): lambda reader, name: s.UnsetTableProperties(
        name, reader.listed(reader.text)
    ),
    ("SET", "LOCATION"): lambda reader, name: s.SetLocation(name, reader.text()),
    ("RENAME", "TO"): lambda reader, name: s.RenameTable(name, reader.name()),
    ("ADD",): _add_partitions,
    ("DROP",): _drop_partitions,
}
