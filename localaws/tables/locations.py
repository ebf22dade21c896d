"""s3:// locations and Hive's naming of partition folders."""

import re
from urllib.parse import urlsplit

from localaws.sql.errors import QueryError

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
# Source: Hive's FileUtils.charToEscape.
_ESCAPED = re.compile(r"[\x00-\x1f\"#%'*/:=?\\\x7f{\[\]^]")


def split_location(location: str) -> tuple[str, str]:
    """(bucket, key prefix that ends with `/` or is empty) of `s3://bucket/prefix/`.

    Raises QueryError for anything else.
    """
    parts = urlsplit(location.strip())
    if parts.scheme not in ("s3", "s3a", "s3n") or not parts.netloc:
        raise QueryError(
            "INVALID_TABLE_PROPERTY", f"'{location}' is not a location: use s3://bucket/folder/"
        )
    # urlsplit takes ? and # out of the path, but they are part of a key.
    path = location.strip().split("://", 1)[1].partition("/")[2]
    prefix = path.strip("/")
    return parts.netloc, f"{prefix}/" if prefix else ""


def partition_folder(keys: list[str], values: list[str]) -> str:
    """`a=1/b=x%2Fy/`"""
    return "".join(
        f"{_escape(key)}={_escape(value)}/" for key, value in zip(keys, values, strict=True)
    )


def _escape(text: str) -> str:
    return _ESCAPED.sub(lambda match: f"%{ord(match[0]):02X}", text)


def unescape(text: str) -> str:
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda match: chr(int(match[1], 16)), text)


def is_hidden(key: str, prefix: str) -> bool:
    """Athena does not read files or folders whose name starts with `_` or `.`."""
    return any(part.startswith(("_", ".")) for part in key[len(prefix) :].split("/"))
