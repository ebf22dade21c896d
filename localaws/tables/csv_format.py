"""Reading CSV files as the OpenCSV SerDe does: every column is text, an empty field is '', a field
that a line does not have is NULL, and so is a whole blank line.

Source of the rules: Trino's CsvDeserializer, made to read what Hive's OpenCSVSerde reads.
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa

from localaws.sql.errors import QueryError
from localaws.tables import decoded
from localaws.tables.encoders import csv_characters
from localaws.tables.hive import HiveTable
from localaws.tables.text_lines import read_lines

SERDE = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
_BATCH_ROWS = 20_000


def scan_sql(files: list[Path], codec: str, table: HiveTable, skip: int, scratch: Path) -> str:
    """A relation of the table's columns and "$file"."""
    if any(type_.base != "varchar" or type_.args for _, type_ in table.data_columns):
        message = f"{table.name}: only string columns are supported in CSV tables locally"
        raise QueryError("NOT_SUPPORTED", message)
    schema = decoded.arrow_schema(list(table.data_columns))
    parser = Parser(len(schema), *csv_characters(table.serde_parameters))
    way = f"csv {codec} {skip} {csv_characters(table.serde_parameters)}"
    return decoded.scan_sql(
        files, way, schema, partial(_decode, codec, skip, schema, parser), scratch
    )


def _decode(
    codec: str, skip: int, schema: pa.Schema, parser: "Parser", file: Path
) -> Iterator[pa.RecordBatch]:
    return text_batches(map(parser.fields, read_lines(file, codec, skip)), schema)


def text_batches(rows: Iterator[list[str | None]], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Rows of text as batches of `schema`, whose columns are all text."""
    part: list[list[str | None]] = []
    for row in rows:
        part.append(row)
        if len(part) == _BATCH_ROWS:
            yield _batch(part, schema)
            part.clear()
    if part:
        yield _batch(part, schema)


def _batch(rows: list[list[str | None]], schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


class Parser:
    """One line to as many fields as the table has columns."""

    def __init__(self, width: int, separator: str, quote: str, escape: str) -> None:
        self._width = width
        self._separator, self._quote, self._escape = separator, quote, escape
        s, q, e = map(re.escape, (separator, quote, escape))
        field = f"(?:{q}(?:[^{q}{e}]|{e}.|{q}{q})*{q}|[^{s}{q}{e}]*)"
        # Lines of plain fields and of fields wholly in quotes, which need no second look.
        self._tidy = re.compile(f"(?s){field}(?:{s}{field})*")
        self._fields = re.compile(f"(?s)(?:^|{s})({field})")
        self._escaped = re.compile(f"(?s){e}(.)|{q}({q})")

    def fields(self, line: str) -> list[str | None]:
        if not line:
            return [None] * self._width
        if self._quote not in line and self._escape not in line:
            found: list[str | None] = list(line.split(self._separator))
        elif self._tidy.fullmatch(line):
            found = [self._plain(each) for each in self._fields.findall(line)]
        else:
            found = self._walk(line)
        return found[: self._width] + [None] * (self._width - len(found))

    def _plain(self, field: str) -> str:
        if not field.startswith(self._quote):
            return field
        return self._escaped.sub(lambda match: match[1] or match[2], field[1:-1])

    def _walk(self, line: str) -> list[str | None]:
        """Quotes and escapes wherever they stand: character by character."""
        fields: list[str | None] = []
        text, in_quotes, in_field = "", False, False
        at, end = 0, len(line)
        while at < end and len(fields) < self._width:
            character, after = line[at], line[at + 1 : at + 2]
            inside = in_quotes or in_field
            if character == self._escape:
                if inside and after in (self._quote, self._escape):
                    text += after
                    at += 1
            elif character == self._quote:
                if inside and after == self._quote:
                    text += after
                    at += 1
                else:
                    embedded = (
                        at > 2
                        and line[at - 1] != self._separator
                        and after not in ("", self._separator)
                    )
                    if embedded:
                        text = "" if text and not text.strip() else text + character
                    in_quotes = not in_quotes
                in_field = not in_field
            elif character == self._separator and not in_quotes:
                fields.append(text)
                text, in_field = "", False
            else:
                text += character
                in_field = True
            at += 1
        # A field whose quote is never closed does not count.
        if not in_quotes:
            fields.append(text)
        return fields
