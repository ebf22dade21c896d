"""SerDe properties. Source: Athena user guide, "OpenX JSON SerDe" and "Hive JSON SerDe".

Properties that no reader knows are ignored, as the SerDes do.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from localaws.tables.hive import HiveTable
from localaws.tables.json.scalars import DuplicateKey

OPENX = "org.openx.data.jsonserde.JsonSerDe"
HIVE = "org.apache.hive.hcatalog.data.JsonSerDe"
SERDES = (OPENX, HIVE, "org.apache.hadoop.hive.serde2.JsonSerDe")


@dataclass(frozen=True)
class JsonOptions:
    """`mapping`: (name of a field, key that it is read from) in that order."""

    openx: bool
    ignore_malformed: bool = False
    case_sensitive: bool = False
    dots: bool = False
    null_for_invalid: bool = False
    timestamp_formats: str | None = None
    mapping: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, table: HiveTable) -> "JsonOptions":
        given = table.serde_parameters
        formats = given.get("timestamp.formats")
        if table.serde != OPENX:
            return cls(openx=False, timestamp_formats=formats)
        prefix = "mapping."
        return cls(
            openx=True,
            ignore_malformed=_is_true(given.get("ignore.malformed.json")),
            case_sensitive=not _is_true(given.get("case.insensitive", "true")),
            dots=_is_true(given.get("dots.in.keys")),
            null_for_invalid=_is_true(given.get("use.null.for.invalid.data")),
            timestamp_formats=formats,
            mapping=tuple(
                (name.removeprefix(prefix), key)
                for name, key in sorted(given.items())
                if name.startswith(prefix)
            ),
        )

    def folded(self, key: str) -> str:
        """Keys that are equal so are one key."""
        return key if self.case_sensitive else key.lower()

    @cached_property
    def _keys(self) -> dict[str, str]:
        return {name: self.folded(key) for name, key in self.mapping}

    def key_of(self, name: str) -> str:
        """The key, as `folded`, that a field is read from. Hive's names are in lower case."""
        name = name.lower()
        return self._keys.get(name, name)

    def distinct(self, pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        """Pairs of an OpenX object without two keys that are equal.

        The Athena guide has "Duplicate key" fail the query. Where malformed documents are to be
        ignored no reader fails: of the real ones most let the last of equal keys count.
        Raises DuplicateKey.
        """
        last: dict[str, tuple[str, Any]] = {}
        for key, value in pairs:
            folded = self.folded(key)
            if last.pop(folded, None) is not None and not self.ignore_malformed:
                raise DuplicateKey(key)
            last[folded] = key, value
        return pairs if len(last) == len(pairs) else list(last.values())

    def dotted(self, name: str, key: str) -> bool:
        """Whether `key` is that of field `name` once its dots are underscores."""
        return (
            self.dots
            and "_" in name
            and "." in key
            and self.folded(key.replace(".", "_")) == self.folded(name)
        )


def _is_true(value: str | None) -> bool:
    return value is not None and value.lower() == "true"
