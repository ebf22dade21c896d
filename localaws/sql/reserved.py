"""Names that must be quoted, and clauses that Trino's grammar does not know in their place.

sqlglot is more liberal than Trino. Sources: Trino documentation, "Reserved keywords"; Athena user
guide, "List of reserved keywords in SQL SELECT statements".
"""

from collections.abc import Iterable

from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from localaws.sql.errors import QueryError, offset_position

_WORDS = """
ALTER AND AS BETWEEN BY CASE CAST CONSTRAINT CREATE CROSS CUBE CURRENT_CATALOG CURRENT_DATE
CURRENT_PATH CURRENT_ROLE CURRENT_SCHEMA CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DEALLOCATE
DELETE DESCRIBE DISTINCT DROP ELSE END ESCAPE EXCEPT EXECUTE EXISTS EXTRACT FALSE FIRST FOR FROM
FULL GROUP GROUPING HAVING IN INNER INSERT INTERSECT INTO IS JOIN LAST LEFT LIKE LISTAGG LOCALTIME
LOCALTIMESTAMP NATURAL NORMALIZE NOT NULL OF ON OR ORDER OUTER PREPARE RECURSIVE RIGHT ROLLUP
SELECT SKIP TABLE THEN TRIM TRUE UESCAPE UNION UNNEST USING VALUES WHEN WHERE WITH
"""
RESERVED = frozenset(_WORDS.split())
# Behind these a query begins: FROM cannot be its first word.
_BEGIN_QUERY = (TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT, TokenType.ALIAS)


def refuse_reserved(tree: exp.Expression, sql: str) -> None:
    """Raises SYNTAX_ERROR for a reserved word that stands unquoted as a name."""
    for name in tree.find_all(exp.Identifier):
        if not name.args.get("quoted") and str(name.this).upper() in RESERVED:
            start = name.meta.get("start")
            at = None if start is None else offset_position(sql, start)
            raise QueryError("SYNTAX_ERROR", f"mismatched input '{name.this}'", at)


def refuse_from_first(tokens: Iterable[Token], sql: str) -> None:
    """Raises SYNTAX_ERROR for `FROM t SELECT x`."""
    before: list[Token] = []
    for token in tokens:
        if token.token_type == TokenType.FROM and (
            not before
            or before[-1].token_type in _BEGIN_QUERY
            or (
                before[-1].token_type == TokenType.L_PAREN
                and (len(before) < 2 or before[-2].text.upper() != "TRIM")
            )
        ):
            at = offset_position(sql, token.start)
            raise QueryError("SYNTAX_ERROR", "mismatched input 'FROM'", at)
        before = [*before[-1:], token]
