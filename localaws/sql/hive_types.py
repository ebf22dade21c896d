"""Which fields a struct of the catalog may have, so that Athena can read its type at all.

Sources: Hive's TypeInfoUtils, whose parser reads the catalog's types and knows no quoting; the
Athena user guide, "Name databases, tables, and columns" (in complex types only letters, digits,
`_` and `.`). `$`, which Hive's parser takes and the guide does not name, is read; a space, which
only newer parsers take, is not.
"""

import re

from localaws.sql.type_parser import parse_type
from localaws.sql.types import Type

# Types written by hand have spaces behind their commas.
_NAME = re.compile(r" *[\w.$]*")


def catalog_type(text: str) -> Type:
    """Raises ValueError for what is no type that Athena reads."""
    if error := field_error(text):
        raise ValueError(error)
    return parse_type(text)


def field_error(text: str) -> str | None:
    """What Hive's parser says of the first field in `text` whose name it cannot read."""
    structs: list[bool] = []  # of each `<` that is open, whether it is a struct's
    numbers, at = 0, 0
    while at < len(text):
        mark, begins = text[at], False
        if mark == "<":
            begins = text[:at].lower().endswith("struct")
            structs.append(begins)
        elif mark == ">" and structs:
            structs.pop()
        elif mark in "()":
            numbers += 1 if mark == "(" else -1
        elif mark == ",":
            begins = structs[-1:] == [True] and not numbers
        at += 1
        if begins:
            name = _NAME.match(text, at)
            end = name.end() if name else at
            if end < len(text) and text[end] != ":":
                expected = ":" if text[at:end].strip() else "name"
                return (
                    f"Error: {expected} expected at the position {end} of '{text}' "
                    f"but '{text[end]}' is found."
                )
            at = end
    return None
