"""moto's S3 with every object version's bytes in an immutable file instead of in memory.

moto makes its keys and buckets through the names `FakeKey` and `FakeBucket` of
`moto.s3.models`; importing this module puts the classes below in their place.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import mmap
import os
import shutil
import threading
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from moto.core.common_models import BaseModel
from moto.s3 import models
from moto.s3.responses import S3Response
from moto.s3.utils import _VersionedKeyStore


class Body(NamedTuple):
    name: str
    size: int
    md5: str


class MappedBytes(mmap.mmap):
    """A file's bytes, read only where they are touched (a range request reads its range)."""

    def decode(self, encoding: str = "utf-8") -> str:
        return bytes(self).decode(encoding)


class Bodies:
    """Files `<root>/ab/<uuid>`: written once, never changed, removed when nobody looks at them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._clock = itertools.count()
        self._pins: set[int] = set()
        self._garbage: deque[tuple[int, str]] = deque()
        root.mkdir(parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        return self._root / name[:2] / name

    def read(self, name: str) -> MappedBytes | bytes:
        with self.path(name).open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                return b""  # an empty file cannot be mapped
            return MappedBytes(file.fileno(), 0, access=mmap.ACCESS_READ)

    def write(self, data: Any) -> Body:
        """Store a bytes-like object."""
        path = self._new_path()
        try:
            path.write_bytes(data)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
        return Body(path.name, len(data), md5)

    def adopt(self, source: Path) -> Body:
        """Take a file over: renamed when it lies on the same file system, else copied."""
        with source.open("rb") as file:
            md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
            size = os.fstat(file.fileno()).st_size
        path = self._new_path()
        shutil.move(source, path)
        return Body(path.name, size, md5)

    def _new_path(self) -> Path:
        path = self.path(uuid.uuid4().hex)
        path.parent.mkdir(exist_ok=True)
        return path

    def names(self) -> Iterator[str]:
        for folder in os.scandir(self._root):
            yield from (entry.name for entry in os.scandir(folder.path))

    @contextmanager
    def pinned(self) -> Iterator[None]:
        """Files that exist inside the block stay on disk until it ends."""
        with self._lock:
            pin = next(self._clock)
            self._pins.add(pin)
        try:
            yield
        finally:
            with self._lock:
                self._pins.remove(pin)
                self._sweep()

    def discard(self, names: Iterable[str]) -> None:
        """Remove files as soon as no pin that is older than this call is open."""
        with self._lock:
            now = next(self._clock)
            self._garbage.extend((now, name) for name in names)
            self._sweep()

    def _sweep(self) -> None:
        oldest = min(self._pins, default=math.inf)
        while self._garbage and self._garbage[0][0] < oldest:
            self.path(self._garbage.popleft()[1]).unlink(missing_ok=True)


class StoredKey(models.FakeKey):
    """An object version whose bytes lie in `bodies`; pickles without them."""

    bodies: ClassVar[Bodies]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self._value_buffer

    @property
    def value(self) -> MappedBytes | bytes:
        return self.bodies.read(self.body)

    @value.setter
    def value(self, data: Any) -> None:
        if isinstance(data, str):  # as moto writes its access logs
            data = data.encode()
        body = data if isinstance(data, Body) else self.bodies.write(data)
        self.body = body.name
        self.contentsize = body.size
        if self._etag is None:
            self._etag = body.md5

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["lock"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.lock = threading.Lock()

    def dispose(self, garbage: bool = False) -> None:
        """Nothing: files go when the state that names them is no longer on disk."""


class RecordingKeys(_VersionedKeyStore):
    """A bucket's keys, remembering which of them were set or removed."""

    def __init__(self) -> None:
        super().__init__()
        self.changed: set[str] = set()

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        self.changed.add(key)

    def setlist(self, key: str, list_: Any) -> None:
        super().setlist(key, list_)
        self.changed.add(key)

    def pop(self, key: str) -> None:
        super().pop(key)
        self.changed.add(key)

    def restore(self, key: str, versions: list[Any]) -> None:
        dict.__setitem__(self, key, versions)

    # moto walks a copy of the keys but looks each of them up in the live store, where another
    # request may have removed it meanwhile: one copy answers both.
    def items(self) -> Any:
        return ((key, versions[-1]) for key, versions in dict.copy(self).items())

    def values(self) -> Any:
        return (versions[-1] for versions in dict.copy(self).values())

    def lists(self) -> Any:
        return iter(dict.copy(self).items())

    iteritems, itervalues, iterlists = items, values, lists

    def take_changed(self) -> set[str]:
        changed, self.changed = self.changed, set()
        return changed


class StoredBucket(models.FakeBucket):
    """A bucket that pickles its configuration, without its keys and uploads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.keys = RecordingKeys()

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["keys"], state["multiparts"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.keys = RecordingKeys()
        self.multiparts = models.MultipartDict()


def _install() -> None:
    models.FakeKey = StoredKey
    models.FakeBucket = StoredBucket
    # moto lists every model it ever made for its dashboard: a leak in a long-lived server.
    BaseModel.__new__ = lambda cls, *args, **kwargs: object.__new__(cls)
    # Event targets (Lambda, Step Functions) do not exist here, and looking for them imports both.
    models.events_send_notification = lambda **event: None

    key_response = S3Response.key_response

    def key_response_in_bytes(self: S3Response, *args: Any) -> Any:
        status, headers, content = key_response(self, *args)
        return status, headers, bytes(content) if isinstance(content, mmap.mmap) else content

    S3Response.key_response = key_response_in_bytes


_install()
