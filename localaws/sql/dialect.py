"""Parsing of queries and DML: what Athena's grammar takes, as sqlglot's trees.

Function calls are left as they are written.
"""

import sys
from collections.abc import Callable
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError
from sqlglot.parser import Parser
from sqlglot.tokens import TokenType

from localaws.sql.errors import QueryError, offset_position
from localaws.sql.grammar import NAME, read_statement
from localaws.sql.listagg import fold_within_group
from localaws.sql.sqlglot_tokens import sqlglot_tokens

# The parser and what walks its trees recurse: as deep as the engine goes too (its
# max_expression_depth), and not so deep that a thread's stack would end.
sys.setrecursionlimit(10_000)
# Marks of a CAST node: that it is written as one (sqlglot gives `DATE '...'` and its like the same
# node), and its type as the statement spells it (sqlglot knows more types than Trino).
EXPLICIT = "explicit"
SPELLING = "spelling"


def _written_cast(parse: Callable) -> Callable:
    def marked(self: Parser) -> exp.Expression | None:
        first = self._index
        node = parse(self)
        if node is not None:
            depth, start = 0, first
            for i in range(first, self._index):
                match self._tokens[i].token_type:
                    case TokenType.L_PAREN:
                        depth += 1
                    case TokenType.R_PAREN:
                        depth -= 1
                    case TokenType.ALIAS if depth == 0:
                        start = i + 1
            node.meta[EXPLICIT] = True
            node.meta["start"] = self._tokens[first - 2].start
            node.meta[SPELLING] = self._find_sql(self._tokens[start], self._prev)
        return node

    return marked


class AthenaQuery(Trino):
    """Trino without sqlglot's own reading of function names.

    sqlglot would rename functions and drop arguments on the way (`strpos(s, x, 2)`); here every
    plain call stays `exp.Anonymous`, so that the allow-list alone decides what it means. Calls
    with syntax of their own (CAST, EXTRACT, TRIM ...) keep their nodes.
    """

    # Subscripts stay as written: sqlglot would shift them to count from 0.
    INDEX_OFFSET = 0
    # Whether a CAST's type is one of Athena's is told later (see SPELLING).
    SUPPORTS_USER_DEFINED_TYPES = True

    class Parser(Trino.Parser):
        FUNCTIONS: ClassVar[dict] = {}
        # ANY and IF may be names.
        NO_PAREN_FUNCTION_PARSERS: ClassVar[dict] = {
            "CASE": Trino.Parser.NO_PAREN_FUNCTION_PARSERS["CASE"]
        }
        NO_PAREN_FUNCTIONS: ClassVar[dict] = {
            **Trino.Parser.NO_PAREN_FUNCTIONS,
            TokenType.CURRENT_SCHEMA: exp.CurrentSchema,
        }
        # `list[1]` reads a column.
        ARRAY_CONSTRUCTORS: ClassVar[dict] = {"ARRAY": exp.Array}
        # Columns of INSERT INTO t (...) may be called CHECK or UNIQUE.
        SCHEMA_UNNAMED_CONSTRAINTS: ClassVar[set] = set()
        CONSTRAINT_PARSERS: ClassVar[dict] = {}
        # `a -> 'b'` is a lambda, and no member of a JSON document.
        COLUMN_OPERATORS: ClassVar[dict] = {
            TokenType.DOT: Trino.Parser.COLUMN_OPERATORS[TokenType.DOT]
        }
        # Offsets of the words that Athena's grammar reads as names.
        names: frozenset[int] = frozenset()
        # Athena engine version 3 knows no SYSTEM_TIME and no SYSTEM_VERSION.
        VERSION_PHRASES: ClassVar[dict] = {
            ("FOR", "VERSION", "AS", "OF"): "VERSION",
            ("FOR", "TIMESTAMP", "AS", "OF"): "TIMESTAMP",
        }
        FUNCTION_PARSERS: ClassVar[dict] = {
            name: _written_cast(parser) if name in ("CAST", "TRY_CAST") else parser
            for name, parser in Trino.Parser.FUNCTION_PARSERS.items()
            if name in ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "POSITION", "SUBSTRING")
        }

        def _parse_function_call(
            self,
            functions: dict[str, Callable] | None = None,
            anonymous: bool = False,
            optional_parens: bool = True,
            any_token: bool = False,
        ) -> exp.Expression | None:
            # `position(a, b)` is a plain call, `position(a in b)` is not.
            plain = self._curr is not None and self._curr.start in self.names
            return super()._parse_function_call(
                functions, anonymous or plain, optional_parens, any_token
            )

        def _parse_escape(self, this: exp.Expression | None) -> exp.Expression | None:
            # Any value: sqlglot takes a constant alone.
            if not self._match(TokenType.ESCAPE):
                return this
            return self.expression(exp.Escape(this=this, expression=self._parse_bitwise()))

        def _parse_type(
            self, parse_interval: bool = True, fallback_to_identifier: bool = False
        ) -> exp.Expression | None:
            first = self._index
            node = super()._parse_type(parse_interval, fallback_to_identifier)
            literal = node.this if isinstance(node, exp.Cast) else None
            if isinstance(literal, exp.Literal) and EXPLICIT not in node.meta:
                words = self._tokens[first : self._index - 1]
                node.meta[SPELLING] = self._find_sql(words[0], words[-1])
                node.meta["start"] = words[0].start
            return node


def parse_query(sql: str) -> exp.Expression:
    """The one query or DML statement in `sql`.

    Raises QueryError: SYNTAX_ERROR where it is none, NOT_SUPPORTED where sqlglot cannot read it.
    """
    try:
        tokens, roles = read_statement(sql)
        parser = AthenaQuery().parser()
        parser.names = frozenset(
            token.start for token, role in zip(tokens, roles, strict=False) if role == NAME
        )
        (tree,) = parser.parse(sqlglot_tokens(tokens, roles, sql), sql)
    except ParseError as error:
        details = error.errors[0]
        message = f"this syntax is not supported locally, near '{details['highlight']}'"
        at = offset_position(sql, details["col"])
        raise QueryError("NOT_SUPPORTED", message, at) from None
    except RecursionError:
        message = "statement is too large (stack overflow while parsing)"
        raise QueryError("STACK_OVERFLOW", message) from None
    for name in tree.find_all(exp.Identifier):
        start = name.meta.get("start")
        if start is not None and start not in parser.names and not name.args.get("quoted"):
            message = f"{name.this.upper()} is not supported locally"
            raise QueryError("NOT_SUPPORTED", message, offset_position(sql, start))
    fold_within_group(tree)
    return tree
