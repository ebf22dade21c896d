"""What changed between two schemas of a table, in words.

A schema is {column: Hive type}, as Glue has it: `struct<device:string,tags:array<string>>`.
"""

from collections.abc import Iterator

# A struct is a dict of its fields, an array a list of its one element type; all else is a word.
Type = str | dict[str, "Type"] | list["Type"]


def drift(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """A sentence for each difference, in the order of `after`, then what is gone.

    Fields are named by their path: `metadata.purchase.items[].sku`.
    """
    old, new = ({name: parse(text) for name, text in each.items()} for each in (before, after))
    return list(_fields(old, new, ""))


def _fields(old: dict[str, Type], new: dict[str, Type], prefix: str) -> Iterator[str]:
    for name, type_ in new.items():
        path = f"{prefix}{name}"
        if name not in old:
            yield f"new field {path} ({spell(type_)})"
        else:
            yield from _change(old[name], type_, path)
    yield from (f"{prefix}{name} no longer occurs" for name in old if name not in new)


def _change(old: Type, new: Type, path: str) -> Iterator[str]:
    match old, new:
        case dict(), dict():
            yield from _fields(old, new, f"{path}.")
        case [old_element], [new_element]:
            yield from _change(old_element, new_element, f"{path}[]")
        case _ if old != new:
            yield f"{path} was {spell(old)}, is now {spell(new)}"


def parse(text: str) -> Type:
    """Of a Hive type's text. Maps stay text, and so does what is no Hive type."""
    if (inner := _inside(text, "array")) is not None:
        return [parse(inner)]
    if (inner := _inside(text, "struct")) is not None:
        fields = (field.partition(":") for field in _split(inner))
        return {name: parse(type_) for name, _, type_ in fields}
    return text


def spell(type_: Type) -> str:
    """The text that `parse` reads."""
    match type_:
        case dict():
            return f"struct<{','.join(f'{name}:{spell(each)}' for name, each in type_.items())}>"
        case [element]:
            return f"array<{spell(element)}>"
    return type_


def _inside(text: str, kind: str) -> str | None:
    if text.startswith(f"{kind}<") and text.endswith(">"):
        return text[len(kind) + 1 : -1]
    return None


def _split(text: str) -> Iterator[str]:
    """The parts between the commas that stand in no brackets: `a:int,b:map<string,int>`."""
    depth = start = 0
    for place, character in enumerate(text):
        if character in "<(":
            depth += 1
        elif character in ">)":
            depth -= 1
        elif character == "," and depth == 0:
            yield text[start:place]
            start = place + 1
    if text:
        yield text[start:]
