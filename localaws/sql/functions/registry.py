"""Signatures: how a call is matched to one overload of a function."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations

from localaws.sql.casts import coerce
from localaws.sql.coercions import can_coerce, common_type
from localaws.sql.scope import Typed
from localaws.sql.type_parser import parse_type
from localaws.sql.types import UNKNOWN, Type, array, row

Rule = Callable[[list[Typed]], Typed]
_LONGEST = 2**31 - 1
# Parameters that are not called as Trino calls them.
_SPELLINGS = {
    "decimal": "decimal(p,s)",
    "timestamp": "timestamp(p)",
    "timestamptz": "timestamp(p) with time zone",
}
# Raises BadArgument for a type that the engine treats otherwise than Trino.
Check = Callable[[Type], None]


class BadArgument(Exception):
    """A call whose types fit but whose (constant) argument the engine cannot honour exactly."""

    code = "NOT_SUPPORTED"


class Ambiguous(BadArgument):
    """A call that Trino finds two meanings of."""

    code = "AMBIGUOUS_FUNCTION_CALL"


@dataclass(frozen=True)
class Overload:
    """One signature of a function.

    `parameters` are type spellings as in Trino's documentation; T, U, K, V, W stand for any type,
    bound to what all their uses have in common; a last parameter ending in `...` repeats.
    `returns` is a spelling over the same variables, or `=N` for the type of argument N. `build`
    is a template with the argument's SQL at {0}, {1}, ... ({pipes}: all of them, joined by ||),
    or a function of the coerced arguments. `checks` hold for the variables they are named after.
    """

    parameters: tuple[str, ...]
    returns: str
    build: str | Rule
    checks: dict[str, Check] = field(default_factory=dict)

    def apply(self, arguments: list[Typed]) -> Typed | None:
        """The call compiled, or None where the arguments do not fit.

        Raises BadArgument for a call that only the engine cannot do.
        """
        bound = self.bind([each.type for each in arguments])
        if bound is None:
            return None
        targets, variables = bound
        for name, check in self.checks.items():
            check(variables.get(name, UNKNOWN))
        coerced = [coerce(each, to) for each, to in zip(arguments, targets, strict=True)]
        if callable(self.build):
            return self.build(coerced)
        values = [each.sql for each in coerced]
        sql = self.build.format(*values, pipes=" || ".join(values))
        if self.returns.startswith("="):
            return Typed(sql, coerced[int(self.returns[1:])].type)
        return Typed(sql, _substitute(self.returns, variables))

    def bind(self, given: list[Type]) -> tuple[list[Type], dict[str, Type]] | None:
        """What arguments of these types are converted to, and what the variables stand for; None
        where they do not fit."""
        parameters = self._expanded(len(given))
        return None if parameters is None else _bind(parameters, given)

    def _expanded(self, given: int) -> list[str] | None:
        parameters = list(self.parameters)
        if parameters and parameters[-1].endswith("..."):
            repeated = parameters.pop().removesuffix("...")
            parameters += [repeated] * max(1, given - len(parameters))
        return parameters if len(parameters) == given else None

    def __str__(self) -> str:
        """As Trino's messages show it, but for lengths."""
        return f"({', '.join(_SPELLINGS.get(each, each) for each in self.parameters)})"


def signature(text: str, build: str | Rule, **checks: Check) -> tuple[str, Overload]:
    """An entry from `name(parameter, ...) -> result`."""
    match = re.fullmatch(r"(\w+)\((.*)\) -> (.+)", text)
    if not match:
        raise ValueError(f"not a signature: {text}")
    name, parameters, returns = match.groups()
    return name, Overload(_split(parameters), returns, build, checks)


def longer(template: str, length: Callable[..., int], *places: int) -> Rule:
    """Text that may be longer than the arguments at `places`: `length` of their lengths, unlimited
    if one of them is."""

    def build(arguments: list[Typed]) -> Typed:
        limits = [limit for place in places for limit in arguments[place].type.args]
        known = len(limits) == len(places)
        type_ = Type("varchar", (min(_LONGEST, length(*limits)),) if known else ())
        return Typed(template.format(*(each.sql for each in arguments)), type_)

    return build


def pieces(template: str) -> Rule:
    """An array of pieces of the first argument, each at most as long as it."""

    def build(arguments: list[Typed]) -> Typed:
        sql = template.format(*(each.sql for each in arguments))
        return Typed(sql, array(arguments[0].type))

    return build


def _split(text: str) -> tuple[str, ...]:
    """The parts of `a, map(b, c)` between its outermost commas."""
    parts, depth = [""], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return tuple(part.strip() for part in parts) if text else ()


def table(*entries: tuple[str, Overload]) -> dict[str, list[Overload]]:
    functions: dict[str, list[Overload]] = {}
    for name, overload in entries:
        functions.setdefault(name, []).append(overload)
    return functions


def choose(overloads: list[Overload], arguments: list[Typed]) -> Typed | None:
    """The first overload, in the order of its family's table, that the arguments fit exactly;
    else the first that they can be coerced to; else None."""
    if _is_ambiguous(overloads, [each.type for each in arguments]):
        message = "Could not choose a best candidate operator. Explicit type casts must be added."
        raise Ambiguous(message)
    exact = [each for each in overloads if _fits_exactly(each, arguments)]
    for overload in exact + overloads:
        if (result := overload.apply(arguments)) is not None:
            return result
    return None


def _is_ambiguous(overloads: list[Overload], given: list[Type]) -> bool:
    """Whether arrays of NULLs among the arguments, which can be arrays of anything, fit two
    signatures, neither of which is closer: `ARRAY[1] || ARRAY[]`."""
    if not any(each.base == "array" and each.element.base == "unknown" for each in given):
        return False
    targets = [bound[0] for each in overloads if (bound := each.bind(given)) is not None]
    return given not in targets and any(
        not _all_coerced(one, other) and not _all_coerced(other, one)
        for one, other in combinations(targets, 2)
    )


def _all_coerced(sources: list[Type], targets: list[Type]) -> bool:
    return all(map(can_coerce, sources, targets))


def _fits_exactly(overload: Overload, arguments: list[Typed]) -> bool:
    parameters = overload._expanded(len(arguments))
    return parameters is not None and all(
        given.type.base == parameter.split("(")[0]
        for parameter, given in zip(parameters, arguments, strict=True)
    )


_VARIABLE = re.compile(r"[TUKVW]")
_GENERIC = re.compile(r"(array|map|row)\((.*)\)")


def _bind(parameters: list[str], given: list[Type]) -> tuple[list[Type], dict[str, Type]] | None:
    variables: dict[str, Type] = {}
    for parameter, type_ in zip(parameters, given, strict=True):
        if not _collect(parameter, type_, variables):
            return None
    targets = []
    for parameter, type_ in zip(parameters, given, strict=True):
        target = _target(parameter, type_, variables)
        if target is None or not can_coerce(type_, target):
            return None
        targets.append(target)
    return targets, variables


def _collect(parameter: str, given: Type, variables: dict[str, Type]) -> bool:
    """Bind the variables of one parameter; False where its shape does not fit."""
    if _VARIABLE.fullmatch(parameter):
        known = variables.get(parameter)
        bound = common_type(known, given) if known else given
        if bound is None:
            return False
        variables[parameter] = bound
        return True
    if match := _GENERIC.fullmatch(parameter):
        if given.base == "unknown":
            return True
        parts = _split(match[2])
        return (
            given.base == match[1]
            and len(parts) == len(given.args)
            and all(
                _collect(part, type_, variables)
                for part, type_ in zip(parts, _parts(given), strict=True)
            )
        )
    return True


def _parts(given: Type) -> tuple[Type, ...]:
    return tuple(type_ for _, type_ in given.args) if given.base == "row" else given.args


def _target(parameter: str, given: Type, variables: dict[str, Type]) -> Type | None:
    """The type that an argument of type `given` is converted to for `parameter`.

    A parameter without a length or precision takes any: the argument keeps its own.
    """
    if parameter == given.base or (parameter == "timestamptz" and given.zone):
        return given
    match parameter, given.base:
        case ("varchar", ("varchar" | "char")):
            return given if given.base == "varchar" else Type("varchar")
        case ("decimal", _):
            return common_type(given, Type("decimal", (1, 0))) if given.is_integer else None
        case ("timestamp", "date"):
            return Type("timestamp", (0,))
        case (("timestamptz" | "timestamp with time zone"), "timestamp with time zone"):
            return given
        case ("timestamptz", ("timestamp" | "date")):
            return Type("timestamp with time zone", (given.args or (0,)), "UTC")
        case ("timestamptz" | "timestamp", _):
            return None
    return _substitute(parameter, variables)


def _substitute(spelling: str, variables: dict[str, Type]) -> Type | None:
    if _VARIABLE.fullmatch(spelling):
        return variables.get(spelling, UNKNOWN)
    if spelling.startswith("interval"):
        return Type(spelling)
    if match := _GENERIC.fullmatch(spelling):
        parts = [_substitute(part, variables) for part in _split(match[2])]
        if not all(parts):
            return None
        return (
            row(*((None, part) for part in parts))
            if match[1] == "row"
            else Type(match[1], tuple(parts))
        )
    return parse_type(spelling)
