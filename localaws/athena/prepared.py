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

from localaws.sql.dialect import parse_query
from localaws.sql.errors import Position, QueryError, blanked, offset_position
from localaws.sql.grammar import Token, is_name, name_of, tokens_of
from localaws.sql.quoting import text_literal
from localaws.state import State

KIND = "athena_prepared_statement"
LIMIT = 1000
# In their place a name.
_PREPARE = ("PREPARE", "", "FROM")
_EXECUTE = ("EXECUTE", "")
_DEALLOCATE = ("DEALLOCATE", "PREPARE", "")
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
    tokens = tokens_of(text)
    name = _named(_PREPARE, tokens, text)
    if len(tokens) == len(_PREPARE):
        raise _mismatch(tokens, len(tokens), text)
    start = tokens[len(_PREPARE)].start
    _check_parameterized(blanked(text, start))
    create(state, workgroup, name, text[start:])


def executed(text: str, parameters: Iterable[str] | None, workgroup: str, state: State) -> str:
    """The statement that `EXECUTE name [USING value, ...]` runs, its parameters filled in.

    parameters: the request's execution parameters, which may stand in for USING.
    """
    if re.match(r"\s*execute\s+immediate\s*'", text, re.I):
        raise QueryError("NOT_SUPPORTED", "EXECUTE IMMEDIATE is not supported locally")
    tokens = tokens_of(text)
    name = _named(_EXECUTE, tokens, text)
    values = _values(tokens, text)
    statement = find(state, workgroup, name)
    if statement is None:
        raise QueryError("NOT_FOUND", f"Prepared statement not found: {name}")
    if values and parameters:
        message = "values are given twice: after USING and as execution parameters"
        raise QueryError("INVALID_PARAMETER_USAGE", message)
    if values:
        return bind(statement["QueryStatement"], values)
    return bind(statement["QueryStatement"], [as_constant(each) for each in parameters or ()])


def deallocate(text: str, workgroup: str, state: State) -> None:
    tokens = tokens_of(text)
    name = _named(_DEALLOCATE, tokens, text)
    if len(tokens) > len(_DEALLOCATE):
        raise _mismatch(tokens, len(_DEALLOCATE), text)
    if not remove(state, workgroup, name):
        raise QueryError("NOT_FOUND", f"Prepared statement not found: {name}")


def _named(form: tuple[str, ...], tokens: list[Token], text: str) -> str:
    """The name in a statement that begins with the words of `form`."""
    for place, word in enumerate(form):
        fits = place < len(tokens) and (
            tokens[place].kind == word if word else is_name(tokens[place])
        )
        if not fits:
            raise _mismatch(tokens, place, text)
    return name_of(tokens[form.index("")])


def _values(tokens: list[Token], text: str) -> list[str]:
    """What stands behind USING: split at the commas outside brackets."""
    place = len(_EXECUTE)
    if place == len(tokens):
        return []
    if tokens[place].kind != "USING" or place + 1 == len(tokens):
        raise _mismatch(tokens, place + (tokens[place].kind == "USING"), text)
    found, at, depth = [], tokens[place].end, 0
    for token in tokens[place + 1 :]:
        if token.kind in ("(", "["):
            depth += 1
        elif token.kind in (")", "]"):
            depth -= 1
        elif token.kind == "," and depth == 0:
            found.append(text[at : token.start].strip())
            at = token.end
    return [*found, text[at:].strip()]


def _mismatch(tokens: list[Token], place: int, text: str) -> QueryError:
    found, start = "<EOF>", len(text)
    if place < len(tokens):
        found, start = tokens[place].text, tokens[place].start
    return QueryError("SYNTAX_ERROR", f"mismatched input '{found}'", offset_position(text, start))


# ---- parameters


def bind(sql: str, parameters: Iterable[str]) -> str:
    """`sql` with its parameters, in their order, replaced by `parameters`: SQL constants.

    Raises INVALID_PARAMETER_USAGE for another number of them, EXPRESSION_NOT_CONSTANT for what is
    no constant, NOT_SUPPORTED where the statement cannot have parameters.
    """
    values = list(parameters)
    if values:
        _check_parameterized(sql)
    places = [token for token in tokens_of(sql) if token.kind == "?"]
    if len(places) != len(values):
        message = f"Incorrect number of parameters: expected {len(places)} but found {len(values)}"
        raise QueryError("INVALID_PARAMETER_USAGE", message, Position(1, 1))
    parts, at = [], 0
    for token, value in zip(places, values, strict=True):
        parts += [sql[at : token.start], _constant(value)]
        at = token.end
    return "".join([*parts, sql[at:]])


def bind_given(sql: str, parameters: Iterable[str]) -> str:
    """`sql` with a request's execution parameters; those of a statement without `?` are ignored.

    Source of both: measured on Athena by aoyagikouhei/athena-local (docs/parameters.md).
    """
    values = list(parameters)
    if values and all(token.kind != "?" for token in tokens_of(sql)):
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
    tokens = tokens_of(value)
    if len(tokens) == 1:
        return tokens[0].text
    # A comment at its end must not swallow what follows.
    return f"({value}\n)"
