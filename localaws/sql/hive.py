"""Athena's DDL and utility statements, which have Hive's grammar: text to small dataclasses.

Source: Athena user guide, "DDL statements". What is not listed here is refused by name.
"""

import re
from dataclasses import dataclass, field

from localaws.sql.errors import QueryError, offset_position


@dataclass(frozen=True)
class Name:
    database: str | None
    table: str


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    comment: str | None = None


@dataclass(frozen=True)
class CreateDatabase:
    name: str
    if_not_exists: bool
    comment: str | None = None
    location: str | None = None
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DropDatabase:
    name: str
    if_exists: bool
    cascade: bool


@dataclass(frozen=True)
class CreateTable:
    """`partitioned_by` holds columns of a Hive table, or transforms of an Iceberg table."""

    name: Name
    external: bool
    if_not_exists: bool
    columns: tuple[Column, ...]
    comment: str | None = None
    partitioned_by: tuple[Column, ...] = ()
    transforms: tuple[str, ...] = ()
    serde: str | None = None
    serde_properties: dict[str, str] = field(default_factory=dict)
    delimited: dict[str, str] | None = None
    stored_as: str | None = None
    input_format: str | None = None
    output_format: str | None = None
    location: str | None = None
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DropTable:
    name: Name
    if_exists: bool
    view: bool = False


@dataclass(frozen=True)
class PartitionSpec:
    values: dict[str, str]
    location: str | None = None


@dataclass(frozen=True)
class AddPartitions:
    name: Name
    if_not_exists: bool
    partitions: tuple[PartitionSpec, ...]


@dataclass(frozen=True)
class DropPartitions:
    name: Name
    if_exists: bool
    partitions: tuple[PartitionSpec, ...]


@dataclass(frozen=True)
class SetTableProperties:
    name: Name
    properties: dict[str, str]


@dataclass(frozen=True)
class SetLocation:
    name: Name
    location: str


@dataclass(frozen=True)
class AddColumns:
    name: Name
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class ReplaceColumns:
    name: Name
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class DropColumn:
    name: Name
    column: str


@dataclass(frozen=True)
class RenameTable:
    name: Name
    to: Name


@dataclass(frozen=True)
class Show:
    """`what`: databases, tables, views, columns, partitions or tblproperties."""

    what: str
    name: Name | None = None
    database: str | None = None
    pattern: str | None = None


@dataclass(frozen=True)
class Describe:
    name: Name


@dataclass(frozen=True)
class RepairTable:
    name: Name


_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
      | (?P<text>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*")
      | (?P<quoted>`(?:[^`]|``)*`)
      | (?P<word>[A-Za-z0-9_$]+(?:\.\d+)?)
      | (?P<mark>[(),.:<>=;*-])""",
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True)
class _Token:
    kind: str
    value: str
    start: int


def parse_ddl(sql: str) -> object:
    """One of the dataclasses above. Raises QueryError for anything else."""
    return _Parser(sql).statement()


class _Parser:
    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.tokens = list(self._tokens(sql))
        while self.tokens and self.tokens[-1].value == ";":
            self.tokens.pop()
        self.at = 0

    def _tokens(self, sql: str):
        at = 0
        while at < len(sql):
            match = _TOKEN.match(sql, at)
            if not match:
                raise QueryError(
                    "SYNTAX_ERROR",
                    f"mismatched input '{sql[at]}'",
                    offset_position(sql, at),
                )
            if match.lastgroup != "space":
                yield _Token(match.lastgroup, match[0], at)
            at = match.end()

    # ---- tokens

    def _error(self, expected: str = "") -> QueryError:
        start = self.tokens[self.at].start if self.at < len(self.tokens) else len(self.sql)
        found = self.tokens[self.at].value if self.at < len(self.tokens) else "<EOF>"
        message = f"mismatched input '{found}'" + (f", expecting {expected}" if expected else "")
        return QueryError("SYNTAX_ERROR", message, offset_position(self.sql, start))

    def _not_supported(self, what: str) -> QueryError:
        return QueryError("NOT_SUPPORTED", f"{what} is not supported locally")

    def _peek(self, ahead: int = 0) -> str:
        place = self.at + ahead
        if place >= len(self.tokens) or self.tokens[place].kind in ("text", "quoted"):
            return ""
        return self.tokens[place].value.upper()

    def _accept(self, *words: str) -> bool:
        if all(self._peek(i) == word for i, word in enumerate(words)):
            self.at += len(words)
            return True
        return False

    def _expect(self, *words: str) -> None:
        for word in words:
            if not self._accept(word):
                raise self._error(word)

    def _next(self) -> _Token:
        if self.at >= len(self.tokens):
            raise self._error()
        self.at += 1
        return self.tokens[self.at - 1]

    def _end(self) -> None:
        if self.at < len(self.tokens):
            raise self._error("<EOF>")

    def _identifier(self) -> str:
        token = self._next()
        match token.kind:
            case "quoted":
                return token.value[1:-1].replace("``", "`").lower()
            case "word":
                return token.value.lower()
            case "text" if token.value.startswith('"'):
                return token.value[1:-1].lower()
        self.at -= 1
        raise self._error("identifier")

    def _text(self) -> str:
        token = self._next()
        if token.kind != "text":
            self.at -= 1
            raise self._error("STRING")
        body = token.value[1:-1]
        if token.value[0] == "'":
            body = body.replace("''", "'")
        return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), body)

    def _name(self) -> Name:
        parts = [self._identifier()]
        while self._accept("."):
            parts.append(self._identifier())
        if len(parts) == 3 and parts[0] == "awsdatacatalog":
            parts = parts[1:]
        if len(parts) > 2:
            raise self._error("database.table")
        return Name(parts[0] if len(parts) == 2 else None, parts[-1])

    def _database(self) -> str:
        name = self._name()
        if name.database not in (None, "awsdatacatalog"):
            raise self._error("database")
        return name.table

    # ---- statements

    def statement(self) -> object:
        word = self._peek()
        handler = {
            "CREATE": self._create,
            "DROP": self._drop,
            "ALTER": self._alter,
            "SHOW": self._show,
            "DESCRIBE": self._describe,
            "DESC": self._describe,
            "MSCK": self._repair,
        }.get(word)
        if handler is None:
            raise self._not_supported(f"the statement {word or self.sql[:20]}")
        parsed = handler()
        self._end()
        return parsed

    def _if_not_exists(self) -> bool:
        return self._accept("IF", "NOT", "EXISTS")

    def _create(self) -> object:
        self._expect("CREATE")
        if self._accept("DATABASE") or self._accept("SCHEMA"):
            return self._create_database()
        external = self._accept("EXTERNAL")
        if self._accept("TABLE"):
            return self._create_table(external)
        raise self._error("TABLE, DATABASE or VIEW")

    def _create_database(self) -> CreateDatabase:
        if_not_exists = self._if_not_exists()
        name, comment, location, properties = self._database(), None, None, {}
        while self.at < len(self.tokens):
            if self._accept("COMMENT"):
                comment = self._text()
            elif self._accept("LOCATION"):
                location = self._text()
            elif self._accept("WITH", "DBPROPERTIES"):
                properties = self._properties()
            else:
                raise self._error()
        return CreateDatabase(name, if_not_exists, comment, location, properties)

    def _create_table(self, external: bool) -> CreateTable:
        if_not_exists = self._if_not_exists()
        name = self._name()
        columns = self._columns() if self._peek() == "(" else ()
        found: dict = {}
        while self.at < len(self.tokens):
            self._create_clause(found)
        return CreateTable(name, external, if_not_exists, columns, **found)

    def _create_clause(self, found: dict) -> None:
        if self._accept("COMMENT"):
            found["comment"] = self._text()
        elif self._accept("PARTITIONED", "BY"):
            found["partitioned_by"], found["transforms"] = self._partitioned_by()
        elif self._peek() == "CLUSTERED":
            raise self._not_supported("CLUSTERED BY")
        elif self._accept("ROW", "FORMAT", "SERDE"):
            found["serde"] = self._text()
            if self._accept("WITH", "SERDEPROPERTIES"):
                found["serde_properties"] = self._properties()
        elif self._accept("ROW", "FORMAT", "DELIMITED"):
            found["delimited"] = self._delimited()
        elif self._accept("WITH", "SERDEPROPERTIES"):
            found["serde_properties"] = self._properties()
        elif self._accept("STORED", "AS", "INPUTFORMAT"):
            found["input_format"] = self._text()
            self._expect("OUTPUTFORMAT")
            found["output_format"] = self._text()
        elif self._accept("STORED", "AS"):
            found["stored_as"] = self._identifier().upper()
        elif self._accept("LOCATION"):
            found["location"] = self._text()
        elif self._accept("TBLPROPERTIES"):
            found["properties"] = self._properties()
        else:
            raise self._error()

    def _delimited(self) -> dict[str, str]:
        found = {}
        while True:
            if self._accept("FIELDS", "TERMINATED", "BY"):
                found["field.delim"] = self._text()
            elif self._accept("ESCAPED", "BY"):
                found["escape.delim"] = self._text()
            elif self._accept("LINES", "TERMINATED", "BY"):
                found["line.delim"] = self._text()
            elif self._accept("COLLECTION", "ITEMS", "TERMINATED", "BY"):
                found["collection.delim"] = self._text()
            elif self._accept("MAP", "KEYS", "TERMINATED", "BY"):
                found["mapkey.delim"] = self._text()
            elif self._accept("NULL", "DEFINED", "AS"):
                found["serialization.null.format"] = self._text()
            else:
                return found

    def _columns(self) -> tuple[Column, ...]:
        self._expect("(")
        columns = []
        while True:
            name = self._identifier()
            columns.append(Column(name, self._type(), self._comment()))
            if not self._accept(","):
                self._expect(")")
                return tuple(columns)

    def _comment(self) -> str | None:
        return self._text() if self._accept("COMMENT") else None

    def _type(self) -> str:
        """A type's text, up to the comma or bracket that ends the column."""
        parts, depth = [], 0
        while self.at < len(self.tokens):
            word = self._peek()
            if depth == 0 and word in (",", ")", "COMMENT"):
                break
            token = self._next()
            depth += {"(": 1, "<": 1, ")": -1, ">": -1}.get(token.value, 0)
            parts.append(token.value.strip("`"))
        if not parts:
            raise self._error("type")
        return re.sub(r"\s*([(),:<>])\s*", r"\1", " ".join(parts)).lower()

    def _partitioned_by(self) -> tuple[tuple[Column, ...], tuple[str, ...]]:
        """Columns with types (Hive), or columns and transforms (Iceberg)."""
        self._expect("(")
        columns, transforms = [], []
        while True:
            name = self._identifier()
            if self._peek() == "(":
                start = self.at
                while self._next().value != ")":
                    pass
                inside = "".join(token.value for token in self.tokens[start : self.at])
                transforms.append(name + inside.replace("`", ""))
            elif self._peek() in (",", ")"):
                transforms.append(name)
            else:
                columns.append(Column(name, self._type(), self._comment()))
            if not self._accept(","):
                self._expect(")")
                return tuple(columns), tuple(transforms)

    def _properties(self) -> dict[str, str]:
        self._expect("(")
        properties = {}
        while True:
            key = self._text()
            self._expect("=")
            properties[key] = self._text()
            if not self._accept(","):
                self._expect(")")
                return properties

    def _drop(self) -> object:
        self._expect("DROP")
        if self._accept("DATABASE") or self._accept("SCHEMA"):
            if_exists = self._accept("IF", "EXISTS")
            name = self._database()
            cascade = self._accept("CASCADE")
            self._accept("RESTRICT")
            return DropDatabase(name, if_exists, cascade)
        view = self._peek() == "VIEW"
        if not (self._accept("VIEW") or self._accept("TABLE")):
            raise self._error("TABLE, VIEW or DATABASE")
        if_exists = self._accept("IF", "EXISTS")
        return DropTable(self._name(), if_exists, view)

    def _alter(self) -> object:
        self._expect("ALTER", "TABLE")
        name = self._name()
        if self._accept("ADD", "COLUMNS"):
            return AddColumns(name, self._columns())
        if self._accept("REPLACE", "COLUMNS"):
            return ReplaceColumns(name, self._columns())
        if self._accept("DROP", "COLUMN"):
            return DropColumn(name, self._identifier())
        if self._accept("SET", "TBLPROPERTIES"):
            return SetTableProperties(name, self._properties())
        if self._accept("SET", "LOCATION"):
            return SetLocation(name, self._text())
        if self._accept("RENAME", "TO"):
            return RenameTable(name, self._name())
        if self._accept("ADD"):
            if_not_exists = self._if_not_exists()
            return AddPartitions(name, if_not_exists, self._partition_specs())
        if self._accept("DROP"):
            if_exists = self._accept("IF", "EXISTS")
            return DropPartitions(name, if_exists, self._partition_specs())
        raise self._not_supported(f"ALTER TABLE ... {self._peek()}")

    def _partition_specs(self) -> tuple[PartitionSpec, ...]:
        specs = []
        while self._accept("PARTITION"):
            self._expect("(")
            values = {}
            while True:
                key = self._identifier()
                self._expect("=")
                values[key] = self._constant()
                if not self._accept(","):
                    self._expect(")")
                    break
            location = self._text() if self._accept("LOCATION") else None
            specs.append(PartitionSpec(values, location))
            self._accept(",")
        if not specs:
            raise self._error("PARTITION")
        return tuple(specs)

    def _constant(self) -> str:
        if self.at < len(self.tokens) and self.tokens[self.at].kind == "text":
            return self._text()
        sign = "-" if self._accept("-") else ""
        token = self._next()
        if token.kind != "word":
            raise self._error("constant")
        return sign + token.value

    def _show(self) -> Show:
        self._expect("SHOW")
        if self._accept("DATABASES") or self._accept("SCHEMAS"):
            return Show("databases", pattern=self._pattern())
        for what in ("TABLES", "VIEWS"):
            if self._accept(what):
                inside = self._accept("IN") or self._accept("FROM")
                database = self._database() if inside else None
                return Show(what.lower(), database=database, pattern=self._pattern())
        if self._accept("COLUMNS"):
            if not (self._accept("IN") or self._accept("FROM")):
                raise self._error("IN")
            name = self._name()
            if self._accept("IN") or self._accept("FROM"):
                name = Name(self._database(), name.table)
            return Show("columns", name)
        if self._accept("PARTITIONS"):
            return Show("partitions", self._name())
        if self._accept("TBLPROPERTIES"):
            return Show("tblproperties", self._name())
        raise self._not_supported(f"SHOW {self._peek()}")

    def _pattern(self) -> str | None:
        self._accept("LIKE")
        return self._text() if self.at < len(self.tokens) else None

    def _describe(self) -> Describe:
        self.at += 1
        if self._peek() in ("FORMATTED", "EXTENDED") and self.at + 1 < len(self.tokens):
            raise self._not_supported(f"DESCRIBE {self._peek()}")
        return Describe(self._name())

    def _repair(self) -> RepairTable:
        self._expect("MSCK", "REPAIR", "TABLE")
        return RepairTable(self._name())
