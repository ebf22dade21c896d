"""The WITH (...) of CREATE TABLE AS and UNLOAD: which file format, codec and layout it asks for."""

from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from localaws.sql.errors import QueryError
from localaws.tables.encoders import FORMATS

# What each property that only one format has belongs to.
_ONLY = {"parquet_compression": "PARQUET", "orc_compression": "ORC", "field_delimiter": "TEXTFILE"}
_NAMES = ("PARQUET", "ORC", "AVRO", "JSON", "TEXTFILE")
# Where a table keeps its codec, so that INSERT writes with the same one.
CODEC_PROPERTIES = {"PARQUET": "parquet.compression", "ORC": "orc.compress"}


@dataclass(frozen=True)
class FileFormat:
    """`format` and `codec` are names of `encoders.FORMATS`; `properties` the SerDe's;
    `codec_named`: whether the statement said which."""

    format: str
    codec: str
    codec_named: bool
    properties: dict[str, str] = field(default_factory=dict)


def options_of(tree: exp.Create) -> dict[str, Any]:
    """The properties of WITH (...), names in lower case."""
    options: dict[str, Any] = {}
    properties = tree.args.get("properties")
    for each in properties.expressions if properties else []:
        match each:
            case exp.LocationProperty():
                name, value = "location", each.this.name
            case exp.FileFormatProperty():
                name, value = "format", each.this.name
            case exp.PartitionedByProperty():
                name, value = "partitioned_by", _value(each.this)
            case exp.WithDataProperty():
                name, value = "with_data", not each.args.get("no")
            case exp.Property():
                name, value = each.this.name.lower(), _value(each.args.get("value"))
            case _:
                message = f"the table property {type(each).__name__} is not supported locally"
                raise QueryError("NOT_SUPPORTED", message)
        if name in options:
            raise QueryError("INVALID_TABLE_PROPERTY", f"duplicate property: {name}")
        options[name] = value
    return options


def _value(node: exp.Expression | None) -> Any:
    match node:
        case exp.Array() | exp.Tuple() | exp.Schema():
            return [each.name for each in node.expressions]
        case exp.Boolean():
            return node.this
        case None:
            raise QueryError("SYNTAX_ERROR", "mismatched input: a table property has no value")
    return node.name


def file_format(options: dict[str, Any], compression: str = "write_compression") -> FileFormat:
    """`compression` is the name of the property that fits every format.

    Raises INVALID_TABLE_PROPERTY, NOT_SUPPORTED.
    """
    format_ = str(options.get("format", "PARQUET")).upper()
    if format_ not in _NAMES:
        raise QueryError("NOT_SUPPORTED", f"the format {format_} is not supported locally")
    for name, owner in _ONLY.items():
        if name in options and owner != format_:
            message = f"Cannot specify {name} table property for storage format: {format_}"
            raise QueryError("INVALID_TABLE_PROPERTY", message)
    named = [options[name] for name in (compression, f"{format_.lower()}_compression")
             if name in options]  # fmt: skip
    if len({each.upper() for each in named}) > 1:
        message = f"{compression} and {format_.lower()}_compression differ"
        raise QueryError("INVALID_TABLE_PROPERTY", message)
    codec = codec_of(named[0] if named else None, format_)
    properties = {}
    if "field_delimiter" in options:
        delimiter = options["field_delimiter"]
        if len(delimiter) != 1:
            message = f"field_delimiter must be a single character string: '{delimiter}'"
            raise QueryError("INVALID_TABLE_PROPERTY", message)
        properties = {"field.delim": delimiter, "serialization.format": delimiter}
    return FileFormat(format_, codec, bool(named), properties)


def codec_of(named: str | None, format_: str) -> str:
    """Athena's name of a codec of `format_`. Raises INVALID_TABLE_PROPERTY, NOT_SUPPORTED."""
    codecs = FORMATS[format_].codecs
    if named is None:
        return FORMATS[format_].default
    codec = "NONE" if named.upper() == "UNCOMPRESSED" else named.upper()
    if codec not in codecs:
        known = ", ".join(codecs)
        message = f"{named} compression of {format_} files is not supported locally: use {known}"
        raise QueryError("NOT_SUPPORTED", message)
    return codec
