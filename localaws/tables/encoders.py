"""The rows of a query into one file of a format.

Formats and codecs are those that Athena engine version 3 writes (user guide, "Hive table
compression"); a codec that no library here writes as Hadoop does is refused by name.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
from pyarrow import orc

from localaws.engine import Session
from localaws.sql.errors import QueryError
from localaws.sql.types import Type
from localaws.tables import parquet_writer
from localaws.tables.avro_schema import record_schema, to_avro
from localaws.tables.text_values import NULL, SEPARATORS, field_text, json_object

BATCH_ROWS = 20_000


@dataclass(frozen=True)
class Rows:
    """`sql` gives columns named and typed as `columns` say."""

    sql: str
    columns: list[tuple[str, Type]]


# (rows, file, Athena's name of the codec, SerDe properties, session) -> how many rows
Encode = Callable[[Rows, Path, str, dict[str, str], Session], int]


@dataclass(frozen=True)
class Format:
    """`codecs`: Athena's name -> the ending of the file's name; the first one is the default."""

    encode: Encode
    codecs: dict[str, str]

    @property
    def default(self) -> str:
        return next(iter(self.codecs))


def _parquet(rows: Rows, file: Path, codec: str, _: dict[str, str], session: Session) -> int:
    return parquet_writer.write(rows.sql, rows.columns, file, codec.lower(), session)


def _orc(rows: Rows, file: Path, codec: str, _: dict[str, str], session: Session) -> int:
    """Leaves no file where there are no rows."""
    compression = "uncompressed" if codec == "NONE" else codec.lower()
    writer: orc.ORCWriter | None = None
    count = 0
    try:
        for batch in session.batches(rows.sql, BATCH_ROWS):
            writer = writer or orc.ORCWriter(str(file), compression=compression)
            writer.write(pa.Table.from_batches([batch]))
            count += batch.num_rows
    finally:
        if writer:
            writer.close()
    return count


def _avro(rows: Rows, file: Path, codec: str, properties: dict[str, str], session: Session) -> int:
    schema = record_schema(rows.columns, properties)
    names = {"NONE": "null", "BZIP2": "bzip2", "DEFLATE": "deflate"}
    convert = [to_avro(type_) for _, type_ in rows.columns]
    keys = [field["name"] for field in schema["fields"]][: len(rows.columns)]
    count = 0

    def records() -> Iterator[dict[str, Any]]:
        nonlocal count
        for values in _values(rows, session):
            count += 1
            yield {
                key: None if value is None else as_avro(value)
                for key, as_avro, value in zip(keys, convert, values, strict=True)
            }

    with file.open("wb") as target:
        fastavro.writer(target, schema, records(), codec=names[codec])
    return count


def _json(openx: bool) -> Encode:
    def encode(rows: Rows, file: Path, codec: str, _: dict[str, str], session: Session) -> int:
        names = [name for name, _ in rows.columns]
        document = json_object(names, [type_ for _, type_ in rows.columns], openx=openx)
        return _lines(
            (document(dict(zip(names, values, strict=True))) for values in _values(rows, session)),
            file,
            codec,
        )

    return encode


def _text(rows: Rows, file: Path, codec: str, properties: dict[str, str], session: Session) -> int:
    options = TextOptions.of(properties)
    texts = [
        field_text(type_, options.separators, options.null, options.escape)
        for _, type_ in rows.columns
    ]

    def line(values: tuple[Any, ...]) -> str:
        return options.separators[0].join(
            options.null if value is None else text(value)
            for value, text in zip(values, texts, strict=True)
        )

    return _lines((line(values) for values in _values(rows, session)), file, codec)


def _csv(rows: Rows, file: Path, codec: str, properties: dict[str, str], session: Session) -> int:
    """As OpenCSV: every value in quotes, nothing for NULL."""
    separator, quote, escape = csv_characters(properties)
    if any(type_.base != "varchar" or type_.args for _, type_ in rows.columns):
        raise QueryError("NOT_SUPPORTED", "CSV tables hold string columns only")
    special = str.maketrans({each: escape + each for each in (quote, escape)})

    def field(value: str | None) -> str:
        return "" if value is None else f"{quote}{value.translate(special)}{quote}"

    lines = (separator.join(map(field, values)) for values in _values(rows, session))
    return _lines(lines, file, codec)


def _values(rows: Rows, session: Session) -> Iterator[tuple[Any, ...]]:
    for batch in session.batches(rows.sql, BATCH_ROWS):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _lines(lines: Iterator[str], file: Path, codec: str) -> int:
    count = 0
    with pa.output_stream(str(file), compression=_STREAMS[codec]) as target:
        part: list[str] = []
        for line in lines:
            part.append(line)
            if len(part) == BATCH_ROWS:
                count += len(part)
                target.write(("\n".join(part) + "\n").encode())
                part.clear()
        if part:
            count += len(part)
            target.write(("\n".join(part) + "\n").encode())
    return count


@dataclass(frozen=True)
class TextOptions:
    """How a LazySimple table's lines are written and read."""

    separators: str
    null: str
    escape: str | None
    last_takes_rest: bool

    @classmethod
    def of(cls, properties: dict[str, str]) -> "TextOptions":
        """From SerDe properties. Raises NOT_SUPPORTED for one that is not known."""
        unknown = set(properties) - _TEXT_PROPERTIES
        if unknown:
            names = ", ".join(sorted(unknown))
            raise QueryError("NOT_SUPPORTED", f"SerDe property {names} is not supported locally")
        if properties.get("line.delim", "\n") not in ("\n", "\\n"):
            raise QueryError("NOT_SUPPORTED", "only \\n ends lines in Athena's text tables")
        get = properties.get
        field = get("field.delim", get("serialization.format", ""))
        collection = get("collection.delim", get("colelction.delim", ""))
        separators = (
            _character(field, SEPARATORS[0])
            + _character(collection, SEPARATORS[1])
            + _character(get("mapkey.delim", ""), SEPARATORS[2])
            + SEPARATORS[3:]
        )
        escape = properties.get("escape.delim")
        return cls(
            separators,
            get("serialization.null.format", NULL),
            None if escape is None else _character(escape, "\\"),
            get("serialization.last.column.takes.rest", "").lower() == "true",
        )


_TEXT_PROPERTIES = {
    "field.delim",
    "serialization.format",
    "collection.delim",
    "colelction.delim",
    "mapkey.delim",
    "escape.delim",
    "line.delim",
    "serialization.null.format",
    "serialization.last.column.takes.rest",
}


def _character(text: str, default: str) -> str:
    """A number names a character, otherwise the first one of the text counts."""
    if not text:
        return default
    try:
        number = int(text)
    except ValueError:
        character = text[0]
    else:
        character = chr(number % 256) if -128 <= number <= 127 else text[0]
    if not character.isascii():
        message = f"the delimiter {character!r} is not an ASCII character: not supported locally"
        raise QueryError("NOT_SUPPORTED", message)
    return character


def csv_characters(properties: dict[str, str]) -> tuple[str, str, str]:
    """Separator, quote and escape of an OpenCSV table."""
    unknown = set(properties) - {"serialization.format", "separatorChar", "quoteChar", "escapeChar"}
    if unknown:
        names = ", ".join(sorted(unknown))
        raise QueryError("NOT_SUPPORTED", f"SerDe property {names} is not supported locally")
    characters = tuple(
        (properties.get(name) or default)[0]
        for name, default in (("separatorChar", ","), ("quoteChar", '"'), ("escapeChar", "\\"))
    )
    if len(set(characters)) < 3:
        message = "separator, quote and escape characters of a CSV table must differ"
        raise QueryError("HIVE_INVALID_METADATA", message)
    return characters


_STREAMS: dict[str, str | None] = {"GZIP": "gzip", "BZIP2": "bz2", "ZSTD": "zstd", "NONE": None}
_TEXT_CODECS = {"GZIP": ".gz", "BZIP2": ".bz2", "ZSTD": ".zst", "NONE": ""}
_NO_ENDING = ""
FORMATS = {
    "PARQUET": Format(_parquet, dict.fromkeys(("GZIP", "SNAPPY", "ZSTD", "NONE"), _NO_ENDING)),
    "ORC": Format(_orc, dict.fromkeys(("ZLIB", "SNAPPY", "LZ4", "ZSTD", "NONE"), _NO_ENDING)),
    "AVRO": Format(_avro, dict.fromkeys(("DEFLATE", "BZIP2", "NONE"), _NO_ENDING)),
    "JSON": Format(_json(openx=False), _TEXT_CODECS),
    "OPENX_JSON": Format(_json(openx=True), _TEXT_CODECS),
    "TEXTFILE": Format(_text, _TEXT_CODECS),
    "CSV": Format(_csv, _TEXT_CODECS),
}
