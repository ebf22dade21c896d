"""PyIceberg's FileIO over the object store in this process."""

import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream

from localaws.objects import ObjectStore
from localaws.tables.locations import split_location


def object_key(location: str) -> tuple[str, str]:
    bucket, prefix = split_location(location)
    return bucket, prefix.removesuffix("/")


class StoreInput(InputFile):
    def __init__(self, location: str, store: ObjectStore) -> None:
        super().__init__(location)
        self._store = store

    def _find(self):
        try:
            return self._store.get(*object_key(self.location))
        except LookupError:
            raise FileNotFoundError(self.location) from None

    def __len__(self) -> int:
        return self._find().size

    def exists(self) -> bool:
        try:
            self._find()
        except FileNotFoundError:
            return False
        return True

    def open(self, seekable: bool = True) -> InputStream:
        return self._find().path.open("rb")


class StoreOutput(OutputFile):
    """Written to a scratch file; the object appears, whole, when the stream is closed."""

    def __init__(self, location: str, store: ObjectStore, scratch: Path) -> None:
        super().__init__(location)
        self._store, self._scratch = store, scratch

    def __len__(self) -> int:
        return len(self.to_input_file())

    def exists(self) -> bool:
        return self.to_input_file().exists()

    def to_input_file(self) -> InputFile:
        return StoreInput(self.location, self._store)

    def create(self, overwrite: bool = False) -> OutputStream:
        if not overwrite and self.exists():
            raise FileExistsError(self.location)
        return _PublishedOnClose(self._store, *object_key(self.location), self._scratch)


class _PublishedOnClose:
    def __init__(self, store: ObjectStore, bucket: str, key: str, scratch: Path) -> None:
        self._store, self._bucket, self._key = store, bucket, key
        handle, self._name = tempfile.mkstemp(dir=scratch)
        self._file: BinaryIO = os.fdopen(handle, "wb")

    def write(self, data: bytes) -> int:
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        self._file.flush()

    @property
    def closed(self) -> bool:
        return self._file.closed

    def close(self) -> None:
        if not self._file.closed:
            self._file.close()
            self._store.put_file(self._bucket, self._key, Path(self._name))

    def __enter__(self) -> "_PublishedOnClose":
        return self

    def __exit__(self, kind, *_) -> None:
        if kind is None:
            self.close()
        else:
            self._file.close()
            Path(self._name).unlink(missing_ok=True)


class StoreIO(FileIO):
    def __init__(self, store: ObjectStore, scratch: Path) -> None:
        super().__init__({})
        self._store, self._scratch = store, scratch

    def new_input(self, location: str) -> InputFile:
        return StoreInput(location, self._store)

    def new_output(self, location: str) -> OutputFile:
        return StoreOutput(location, self._store, self._scratch)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        location = location if isinstance(location, str) else location.location
        bucket, key = object_key(location)
        self._store.delete(bucket, [key])
