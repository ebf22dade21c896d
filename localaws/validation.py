"""Requests checked against the API's own model, as AWS checks them before anything else.

The model is botocore's. Wrong JSON types are a SerializationException; what is missing, too long
or of another form is one error that lists every violation. Sources: the texts are those that
Athena was measured to answer (aoyagikouhei/athena-local, docs/dev/measurements/errors.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError, Shape

from localaws.routes import AwsError

# What Athena says in words of its own: a violation -> its message. Source: measured as above.
_OWN_WORDS = {
    (
        "GetQueryResults",
        "Value at 'maxResults' failed to satisfy constraint: Member must have value less than or "
        "equal to 1000",
    ): "MaxResults is more than maximum allowed length 1000",
}
_KINDS = {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE"}
_TARGETS = {"string": "a String", "integer": "an Integer", "long": "a Long", "boolean": "a Boolean"}
_WANTED = {
    "string": (str,),
    "blob": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
    "boolean": (bool,),
}
# The supplementary characters as Java's regular expressions write them.
_SURROGATES = re.compile(r"\\uD800\\uDC00-\\uDBFF\\uDFFF")


def checked(service: str, action: str, payload: Any) -> dict[str, Any]:
    """The payload with the members that the API has, absent where they are null.

    Raises AwsError.
    """
    shape = _input_shape(service, action)
    own = _converted(payload, shape)
    violations = list(_violations(own, shape, ""))
    if violations:
        counted = f"{len(violations)} validation error{'s' if len(violations) > 1 else ''}"
        message = f"{counted} detected: {'; '.join(violations)}"
        message = _OWN_WORDS.get((action, violations[0]), message)
        if service == "athena":
            members = {"AthenaErrorCode": "INVALID_INPUT", "ErrorCode": "INVALID_INPUT"}
            raise AwsError("InvalidRequestException", message, **members)
        raise AwsError("ValidationException", message)
    return own


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


@cache
def _input_shape(service: str, action: str) -> Shape:
    try:
        shape = _session().get_service_model(service).operation_model(action).input_shape
    except (UnknownServiceError, OperationNotFoundError):
        message = f"{service} has no operation {action}."
        raise AwsError("UnknownOperationException", message) from None
    return shape


def _converted(value: Any, shape: Shape) -> Any:
    match shape.type_name:
        case "structure":
            _require(value, dict, "Expected null")
            members = shape.members
            return {
                name: _converted(inner, members[name])
                for name, inner in value.items()
                if inner is not None and name in members
            }
        case "list":
            _require(value, list, "Expected list or null")
            return [_converted(each, shape.member) for each in value if each is not None]
        case "map":
            _require(value, dict, "Expected map or null")
            return {
                key: _converted(inner, shape.value)
                for key, inner in value.items()
                if inner is not None
            }
    # bool is an int in Python.
    wanted = _WANTED[shape.type_name]
    if isinstance(value, wanted) and (bool in wanted or not isinstance(value, bool)):
        return value
    target = _TARGETS.get(shape.type_name, f"a {shape.type_name}")
    raise _serialization(value, f"{_kind(value)} can not be converted to {target}")


def _require(value: Any, kind: type, otherwise: str) -> None:
    if not isinstance(value, kind):
        raise _serialization(value, otherwise)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return f"{str(value).upper()}_VALUE"
    return _KINDS.get(type(value), "NULL_VALUE")


def _serialization(value: Any, message: str) -> AwsError:
    if isinstance(value, list):
        message = "Start of list found where not expected"
    elif isinstance(value, dict):
        message = "Start of structure or map found where not expected."
    return AwsError("SerializationException", message)


def _violations(value: Any, shape: Shape, path: str) -> Iterator[str]:
    match shape.type_name:
        case "structure":
            for name in shape.required_members:
                if name not in value:
                    at = _member(path, name)
                    yield f"Value null at '{at}' failed to satisfy constraint: " + (
                        "Member must not be null"
                    )
            for name, inner in value.items():
                yield from _violations(inner, shape.members[name], _member(path, name))
        case "list":
            yield from _limits(len(value), shape, path, "length")
            for number, inner in enumerate(value, start=1):
                yield from _violations(inner, shape.member, f"{path}.{number}.member")
        case "map":
            yield from _limits(len(value), shape, path, "length")
            for key, inner in value.items():
                yield from _violations(key, shape.key, f"{path}.{key}.key")
                yield from _violations(inner, shape.value, f"{path}.{key}.member")
        case "string":
            yield from _limits(len(value), shape, path, "length")
            if allowed := shape.metadata.get("enum"):
                if value not in allowed:
                    values = ", ".join(allowed)
                    yield _violation(path, f"satisfy enum value set: [{values}]")
            elif pattern := shape.metadata.get("pattern"):
                compiled = _pattern(pattern)
                if compiled and not compiled.fullmatch(value):
                    yield _violation(path, f"satisfy regular expression pattern: {pattern}")
        case "integer" | "long" | "float" | "double":
            yield from _limits(value, shape, path, "value")


def _limits(size: float, shape: Shape, path: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _violation(path, f"have {what} greater than or equal to {least}")
    elif most is not None and size > most:
        yield _violation(path, f"have {what} less than or equal to {most}")


def _violation(path: str, must: str) -> str:
    return f"Value at '{path}' failed to satisfy constraint: Member must {must}"


def _member(path: str, name: str) -> str:
    own = name[0].lower() + name[1:]
    return f"{path}.{own}" if path else own


@cache
def _pattern(pattern: str) -> re.Pattern[str] | None:
    """None where Python's regular expressions do not have what Java's have."""
    try:
        return re.compile(_SURROGATES.sub(r"\\U00010000-\\U0010FFFF", pattern))
    except re.error:
        return None
