"""What a query reads of a Hive table: a relation over its objects, by the table's SerDe."""

from dataclasses import replace
from pathlib import Path

from localaws.engine import Session
from localaws.objects import ObjectStore
from localaws.sql.errors import QueryError
from localaws.sql.quoting import quoted, text_literal
from localaws.sql.scope import Scan
from localaws.sql.types import Type
from localaws.tables import (
    avro_format,
    csv_format,
    hidden_columns,
    json_format,
    lazy_simple,
    orc_format,
    parquet_format,
    regex_format,
)
from localaws.tables.bucket_pruning import bucket_columns, in_buckets, wanted_buckets
from localaws.tables.bytes_scanned import EngineScan, ReadFile
from localaws.tables.decoded import lines_sql
from localaws.tables.hive import HiveTable, Partition, Split, splits
from localaws.tables.locations import partition_folder
from localaws.tables.partition_schemas import grouped
from localaws.tables.pruning import kept_partitions, matching_scans, partition_value
from localaws.tables.readings import Planned, Reading
from localaws.tables.sketches import sketch
from localaws.tables.text_lines import FILE, compression

TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_Columns = list[tuple[str, Type]]


def read(
    scan: Scan, table: HiveTable, store: ObjectStore, scratch: Path, session: Session, prefix: str
) -> Reading | Planned:
    """`prefix` begins the names of this scan in the engine's plan and no other's."""
    partitions = kept_partitions(scan, table, store, session)
    used = [each for each in table.columns if each[0] in scan.used]
    names = {name: f"{prefix}{number}" for number, (name, _) in enumerate(used)}

    def narrowed(scans: list[EngineScan]) -> Reading:
        keys = tuple((names.get(name, name), type_) for name, type_ in table.partition_columns)
        rows = [partition.values for partition in partitions]
        kept = [partitions[i] for i in matching_scans(rows, keys, scans, session)]
        buckets = wanted_buckets(table, kept, scans, names)
        return _read(scan, table, kept, buckets, names, store, scratch, session)

    narrows = table.partition_keys or table.serde == parquet_format.SERDE or bucket_columns(table)
    if not narrows:
        return narrowed([])
    columns = [(name, names[name], type_) for name, type_ in used]
    hidden = hidden_columns.used(table.hidden_columns, scan.used)
    columns += [(name, f"{prefix}{name[1:]}", type_) for name, type_ in hidden]
    planned = frozenset(each for _, each, _ in columns)
    return Planned(sketch(columns, scratch), planned, narrowed)


def _read(
    scan: Scan,
    table: HiveTable,
    kept: list[Partition],
    buckets: frozenset[int] | None,
    engine_names: dict[str, str],
    store: ObjectStore,
    scratch: Path,
    session: Session,
) -> Reading:
    found = [
        (described, in_buckets(splits(described, partitions, store), table, buckets))
        for described, partitions in _descriptions(table, kept)
    ]
    everything = [each for _, group in found for each in group]
    data = [each for each in table.data_columns if each[0] in scan.used]
    keys = [each for each in table.partition_columns if each[0] in scan.used]
    hidden = hidden_columns.used(table.hidden_columns, scan.used)
    if not everything:
        return Reading(_empty(data + keys + hidden))
    names = ", ".join(f"f.{quoted(name)}" for name, _ in data)
    relation = _union(
        [_as_table(described, data, group, scratch, session) for described, group in found if group]
    )
    reading = Reading(relation, sum(each.stored.size for each in everything))
    if table.serde == parquet_format.SERDE:
        files = tuple(
            ReadFile(each.stored.path, converted=_converted(data, each, engine_names, session))
            for each in everything
        )
        reading = Reading(relation, 0, files, {engine_names[name]: name for name, _ in data})
    if not keys and not hidden:
        return replace(reading, sql=f"(SELECT {names or '1 AS one'} FROM {relation} AS f)")
    placed = [quoted(name) for name, _ in keys + hidden]
    rows = ", ".join(_place(each, table, keys, hidden) for each in everything)
    columns = ", ".join([quoted(FILE), *placed])
    selected = ", ".join([*([names] if names else []), *(f"p.{name}" for name in placed)])
    located = (
        f"(SELECT {selected} FROM {relation} AS f "
        f'JOIN (VALUES {rows}) AS p({columns}) ON f."$file" = p."$file")'
    )
    return replace(reading, sql=located)


def _converted(
    data: _Columns, split: Split, engine_names: dict[str, str], session: Session
) -> frozenset[str]:
    kept = parquet_format.unconverted(data, split.stored.path, session)
    return frozenset(engine_names[name] for name, _ in data if name not in kept)


def _descriptions(
    table: HiveTable, partitions: list[Partition]
) -> list[tuple[HiveTable, list[Partition]]]:
    return grouped(table, partitions) if table.partition_keys else [(table, [])]


def _as_table(
    described: HiveTable, columns: _Columns, found: list[Split], scratch: Path, session: Session
) -> str:
    """Partitions that are `described` in one way, in the types of the table's `columns`."""
    types = dict(described.data_columns)
    own = [(name, types[name]) for name, _ in columns]
    relation = _relation(described, own, found, scratch, session)
    if own == columns:
        return relation
    values = [f"CAST({quoted(n)} AS {type_.duckdb()}) AS {quoted(n)}" for n, type_ in columns]
    return f"(SELECT {', '.join([*values, quoted(FILE)])} FROM {relation})"


def _relation(
    table: HiveTable, columns: _Columns, found: list[Split], scratch: Path, session: Session
) -> str:
    paths = [each.stored.path for each in found]
    match table.serde:
        case parquet_format.SERDE:
            return parquet_format.scan_sql(columns, paths, table, session)
        case orc_format.SERDE:
            return orc_format.scan_sql(columns, paths, table, scratch)
        case avro_format.SERDE:
            return avro_format.scan_sql(columns, paths, table, scratch)
    if table.storage.get("InputFormat", TEXT_INPUT) != TEXT_INPUT:
        message = f"{table.database}.{table.name}: {table.storage['InputFormat']}"
        raise QueryError("NOT_SUPPORTED", f"{message} is not supported locally")
    groups: dict[str, list[Path]] = {}
    for each in found:
        groups.setdefault(compression(each.stored.key), []).append(each.stored.path)
    parts = [
        _text(table, columns, files, codec, scratch, session) for codec, files in groups.items()
    ]
    return _union(parts)


def _union(parts: list[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    return f"({' UNION ALL '.join(f'SELECT * FROM {part}' for part in parts)})"


def _text(
    table: HiveTable,
    columns: _Columns,
    files: list[Path],
    codec: str,
    scratch: Path,
    session: Session,
) -> str:
    """A relation over text files that are compressed in one way."""
    skip = _header_lines(table)
    match table.serde:
        case lazy_simple.SERDE:
            source = lines_sql(files, codec, skip, scratch)
            return lazy_simple.scan_sql(columns, table.data_columns, source, table.serde_parameters)
        case csv_format.SERDE:
            source = csv_format.scan_sql(files, codec, table, skip, scratch)
            names = ", ".join(quoted(name) for name in [*(n for n, _ in columns), FILE])
            return f"(SELECT {names} FROM {source})"
        case serde if serde in regex_format.SERDES:
            return regex_format.scan_sql(columns, files, codec, table, skip, scratch)
        case serde if serde in json_format.SERDES:
            if skip:
                message = f"{table.name}: skip.header.line.count of a JSON table"
                raise QueryError("NOT_SUPPORTED", message)
            return json_format.table_sql(columns, files, codec, table, scratch)
    message = f"{table.database}.{table.name}: SerDe {table.serde or '(none)'}"
    raise QueryError("NOT_SUPPORTED", f"{message} is not supported locally")


def _header_lines(table: HiveTable) -> int:
    if table.parameters.get("skip.footer.line.count", "0") != "0":
        message = f"{table.name}: skip.footer.line.count is not supported locally"
        raise QueryError("NOT_SUPPORTED", message)
    text = table.parameters.get("skip.header.line.count", "0")
    if not text.isdigit():
        message = f"Invalid value for skip.header.line.count property: {text}"
        raise QueryError("HIVE_INVALID_METADATA", message)
    return int(text)


def _empty(columns: _Columns) -> str:
    nothing = [f"CAST(NULL AS {type_.duckdb()}) AS {quoted(name)}" for name, type_ in columns]
    return f"(SELECT {', '.join(nothing) or '1 AS one'} WHERE false)"


def _place(each: Split, table: HiveTable, keys: _Columns, hidden: _Columns) -> str:
    """One row of the relation that gives each file its partition's values, and its own."""
    by_name = dict(zip(table.partition_keys, each.values, strict=True))
    values = [partition_value(by_name[name], type_) for name, type_ in keys]
    folder = partition_folder(list(table.partition_keys), list(each.values))[:-1]
    values += hidden_columns.values(hidden, each.stored, each.url, folder)
    return f"({', '.join([text_literal(str(each.stored.path)), *values])})"
