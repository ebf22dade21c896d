"""The endpoint's durable state: rows of (kind, name) -> a Python value, in one SQLite file.

A write is one transaction and is on disk when `write` returns: it survives a killed process
(WAL; a power cut may lose the last writes, never corrupt the file). Values are pickled.
"""

from __future__ import annotations

import pickle
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Row(NamedTuple):
    kind: str
    name: str


class State:
    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.execute(
            "create table if not exists state"
            " (kind text not null, name text not null, value blob not null,"
            " primary key (kind, name))"
        )

    def items(self, kind: str) -> Iterator[tuple[str, Any]]:
        """All (name, value) of a kind, in the order the names were first written."""
        query = "select name, value from state where kind = ? order by rowid"
        with self._lock:
            rows = self._db.execute(query, (kind,)).fetchall()
        for name, value in rows:
            yield name, pickle.loads(value)

    def put(self, kind: str, name: str, value: Any) -> None:
        self.write({Row(kind, name): value})

    def delete(self, kind: str, name: str) -> None:
        self.write({}, [Row(kind, name)])

    def write(self, puts: Mapping[Row, Any], deletes: Iterable[Row] = ()) -> None:
        """Delete, then put, all or nothing. A row written again keeps its place in `items`."""
        values = [(*row, pickle.dumps(value, protocol=5)) for row, value in puts.items()]
        with self._lock:
            self._db.execute("begin immediate")
            try:
                self._db.executemany("delete from state where kind = ? and name = ?", deletes)
                self._db.executemany(
                    "insert into state values (?, ?, ?)"
                    " on conflict (kind, name) do update set value = excluded.value",
                    values,
                )
                self._db.execute("commit")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("rollback")
                raise

    def close(self) -> None:
        with self._lock:
            self._db.close()
