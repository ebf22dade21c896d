"""The disk of the data directory, when it is full."""

from __future__ import annotations

import errno
import sqlite3

FULL = "the disk of the endpoint's data directory is full: make room on it, then try again"


def is_full(error: BaseException) -> bool:
    """Whether this is what made a file (OSError) or a row of the state (SQLite) fail."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def in_words(error: BaseException) -> str:
    """What a client is told of an unforeseen failure."""
    return FULL if is_full(error) else repr(error)
