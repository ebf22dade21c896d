"""Parameters (`?`) and prepared statements, which belong to a workgroup.

Sources: Athena user guide, "Using parameterized queries" (which statements may have parameters,
1,000 statements a workgroup); API reference, PreparedStatement; Trino, QueryPreparer (the number
of parameters, what a parameter's value may be).
"""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlglot import exp
from sqlglot.errors import TokenError
from sqlglot.tokens import Token, TokenType

from localaws.sql.dialect import AthenaQuery, parse_query
from localaws.sql.errors import Position, QueryError
from localaws.sql.quoting import text_literal
from localaws.state import State

KIND = "athena_prepared_statement"
LIMIT = 1000
_NAME = r"[A-Za-z_][A-Za-z0-9_@:]*"
_PREPARE = re.compile(rf"prepare\s+(?P<name>{_NAME})\s+from\s+(?P<sql>.+)", re.I | re.S)
_EXECUTE = re.compile(rf"execute\s+(?P<name>{_NAME})(?:\s+using\s+(?P<values>.+))?", re.I | re.S)
_DEALLOCATE = re.compile(rf"deallocate\s+prepare\s+(?P<name>{_NAME})", re.I)
_PARAMETERIZED = ("SELECT", "WITH", "VALUES", "INSERT", "CREATE", "UNLOAD")


# ---- statements kept


def save(state: State, workgroup: str, name: str, sql: str, description: str | None = None) -> None:
    """Keep a statement, in the place of one of the same name. The value is the API's shape."""
    statement: dict[str, Any] = {
        "StatementName": name,
        "QueryStatement": sql,
        "WorkGroupName": workgroup,
        "LastModifiedTime": datetime.now(UTC),
    }
    if description:
        statement["Description"] = description
    state.put(KIND, _row(workgroup, name), statement)


def create(
    state: State, workgroup: str, name: str, sql: str, description: str | None = None
) -> None:
    """Keep a new statement.

    Raises ALREADY_EXISTS, and the errors of a statement that cannot be prepared.
    """
    _check_parameterized(sql)
    if find(state, workgroup, name) is not None:
        message = f"Prepared statement already exists: {name}. DEALLOCATE PREPARE {name} removes it"
        raise QueryError("ALREADY_EXISTS", message)
    if len(listed(state, workgroup)) >= LIMIT:
        message = f"workgroup {workgroup} has {LIMIT} prepared statements, the most it can have"
        raise QueryError("NOT_SUPPORTED", message)
    save(state, workgroup, name, sql, description)


def find(state: State, workgroup: str, name: str) -> dict[str, Any] | None:
    return dict(state.items(KIND)).get(_row(workgroup, name))


def listed(state: State, workgroup: str) -> list[dict[str, Any]]:
    """In the order of their names."""
    found = [each for _, each in state.items(KIND) if each["WorkGroupName"] == workgroup]
    return sorted(found, key=lambda each: each["StatementName"])


def remove(state: State, workgroup: str, name: str) -> bool:
    """Whether there was one."""
    if find(state, workgroup, name) is None:
        return False
    state.delete(KIND, _row(workgroup, name))
    return True


def _row(workgroup: str, name: str) -> str:
    return json.dumps([workgroup, name])


# ---- the SQL statements about them


def prepare(text: str, workgroup: str, state: State) -> None:
    """`PREPARE name FROM statement`.

    Raises ALREADY_EXISTS: names are unique within a workgroup.
    """
    match = _parsed(_PREPARE, text, "PREPARE name FROM statement")
    create(state, workgroup, match["name"], match["sql"].strip())


def executed(text: str, parameters: Iterable[str] | None, workgroup: str, state: State) -> str:
    """The statement that `EXECUTE name [USING value, ...]` runs, its parameters filled in.

    parameters: the request's execution parameters, which may stand in for USING.
    """
    if re.match(r"execute\s+immediate\b", text, re.I):
        raise QueryError("NOT_SUPPORTED", "EXECUTE IMMEDIATE is not supported locally")
    match = _parsed(_EXECUTE, text, "EXECUTE name [USING value, ...]")
    statement = find(state, workgroup, match["name"])
    if statement is None:
        raise QueryError("NOT_FOUND", f"Prepared statement not found: {match['name']}")
    if match["values"] and parameters:
        message = "values are given twice: after USING and as execution parameters"
        raise QueryError("INVALID_PARAMETER_USAGE", message)
    if match["values"]:
        return bind(statement["QueryStatement"], _split(match["values"]))
    return bind(statement["QueryStatement"], [as_constant(each) for each in parameters or ()])


def deallocate(text: str, workgroup: str, state: State) -> None:
    match = _parsed(_DEALLOCATE, text, "DEALLOCATE PREPARE name")
    if not remove(state, workgroup, match["name"]):
        raise QueryError("NOT_FOUND", f"Prepared statement not found: {match['name']}")


def _parsed(pattern: re.Pattern[str], text: str, expected: str) -> re.Match[str]:
    match = pattern.fullmatch(text.strip())
    if match is None:
        raise QueryError("SYNTAX_ERROR", f"mismatched input: expecting {expected}", Position(1, 1))
    return match


# ---- parameters


def bind(sql: str, parameters: Iterable[str]) -> str:
    """`sql` with its parameters, in their order, replaced by `parameters`: SQL constants.

    Raises INVALID_PARAMETER_USAGE for another number of them, EXPRESSION_NOT_CONSTANT for what is
    no constant, NOT_SUPPORTED where the statement cannot have parameters.
    """
    values = list(parameters)
    if values:
        _check_parameterized(sql)
    places = [token for token in _tokens(sql) if token.token_type == TokenType.PLACEHOLDER]
    if len(places) != len(values):
        message = f"Incorrect number of parameters: expected {len(places)} but found {len(values)}"
        raise QueryError("INVALID_PARAMETER_USAGE", message, Position(1, 1))
    parts, at = [], 0
    for token, value in zip(places, values, strict=True):
        parts += [sql[at : token.start], _constant(value)]
        at = token.end + 1
    return "".join([*parts, sql[at:]])


def bind_given(sql: str, parameters: Iterable[str]) -> str:
    """`sql` with a request's execution parameters; those of a statement without `?` are ignored.

    Source of both: measured on Athena by aoyagikouhei/athena-local (docs/parameters.md).
    """
    values = list(parameters)
    if values and all(token.token_type != TokenType.PLACEHOLDER for token in _tokens(sql)):
        return sql
    return bind(sql, [as_constant(value) for value in values])


def as_constant(value: str) -> str:
    """An execution parameter as a constant: what is no expression, or names a column, is text."""
    try:
        tree = parse_query(f"SELECT {value}\n")
    except QueryError:
        return text_literal(value)
    if _single(tree) is None or tree.find(exp.Column, exp.Star):
        return text_literal(value)
    return value


def _single(tree: exp.Expression) -> exp.Expression | None:
    """The one expression of a SELECT that has nothing else."""
    if (
        not isinstance(tree, exp.Select)
        or len(tree.expressions) != 1
        or any(part for name, part in tree.args.items() if part and name != "expressions")
        or isinstance(tree.expressions[0], exp.Alias)
    ):
        return None
    return tree.expressions[0]


def _check_parameterized(sql: str) -> None:
    verb = re.match(r"[\s(]*(\w*)", sql)[1].upper()
    if verb not in _PARAMETERIZED or re.match(r"\s*create\s+(external|database|schema)", sql, re.I):
        message = (
            f"Invalid statement type for prepared statement: {verb}. Parameters are supported in "
            "SELECT, INSERT INTO, CREATE TABLE AS and UNLOAD statements"
        )
        raise QueryError("NOT_SUPPORTED", message)
    if verb != "UNLOAD":
        parse_query(sql)


def _tokens(sql: str) -> list[Token]:
    try:
        return AthenaQuery().tokenize(sql)
    except TokenError as error:
        raise QueryError("SYNTAX_ERROR", str(error).splitlines()[0]) from None


def _split(values: str) -> list[str]:
    """The values of USING: split at the commas outside brackets."""
    found, at, depth = [], 0, 0
    for token in _tokens(values):
        match token.token_type:
            case TokenType.L_PAREN | TokenType.L_BRACKET:
                depth += 1
            case TokenType.R_PAREN | TokenType.R_BRACKET:
                depth -= 1
            case TokenType.COMMA if depth == 0:
                found.append(values[at : token.start].strip())
                at = token.end + 1
    return [*found, values[at:].strip()]


def _constant(value: str) -> str:
    """`value` as it can stand anywhere in a statement. A plain number or text stays bare: LIMIT
    takes no brackets."""
    inner = _single(parse_query(f"SELECT {value}\n"))
    if inner is None:
        message = f"mismatched input: the parameter {value} is not one value"
        raise QueryError("SYNTAX_ERROR", message)
    if inner.find(exp.Query, exp.Placeholder):
        message = f"Constant expression cannot contain a subquery or a parameter: {value}"
        raise QueryError("EXPRESSION_NOT_CONSTANT", message)
    if inner.find(exp.Column, exp.Star):
        message = f"Constant expression cannot contain column references: {value}"
        raise QueryError("EXPRESSION_NOT_CONSTANT", message)
    tokens = _tokens(value)
    if len(tokens) == 1:
        return value[tokens[0].start : tokens[0].end + 1]
    # A comment at its end must not swallow what follows.
    return f"({value}\n)"
