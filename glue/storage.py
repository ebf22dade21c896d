"""Where the job's files are: S3, or folders of this machine for tests.

Through Arrow, which reads single columns of an object and writes large ones in parts.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

# Seconds for which a client keeps the credentials it began with; those of a role expire.
RENEWED = 600


def filesystem(url: str) -> tuple[fs.FileSystem, str]:
    """Arrow's file system and the path in it."""
    if url.startswith("s3://"):
        return _s3(int(time.monotonic() // RENEWED)), url.removeprefix("s3://")
    return fs.LocalFileSystem(), url


@cache
def _s3(_period: int) -> fs.S3FileSystem:
    """A client of the standard AWS environment, with what boto3 finds there: on Glue and here."""
    session = boto3.Session()
    options: dict[str, Any] = {"region": session.region_name or "us-east-1"}
    if credentials := session.get_credentials():
        frozen = credentials.get_frozen_credentials()
        options |= {
            "access_key": frozen.access_key,
            "secret_key": frozen.secret_key,
            "session_token": frozen.token,
        }
    if url := os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"):
        endpoint = urlsplit(url)
        options |= {"scheme": endpoint.scheme, "endpoint_override": endpoint.netloc}
    return fs.S3FileSystem(retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=8), **options)


def files(folder: str) -> dict[str, int]:
    """The data files anywhere below a folder, sorted: url -> bytes. None when it is not there."""
    system, path = filesystem(folder)
    found = system.get_file_info(fs.FileSelector(path, allow_not_found=True, recursive=True))
    base = folder.removesuffix(path)
    return {
        base + each.path: each.size
        for each in sorted(found, key=lambda each: each.path)
        if each.type == fs.FileType.File and not each.base_name.startswith(("_", "."))
    }


@contextmanager
def writing(url: str) -> Iterator[pa.NativeFile]:
    """A new file, or one in the place of an old one."""
    system, path = filesystem(url)
    if isinstance(system, fs.LocalFileSystem):
        system.create_dir(path.rpartition("/")[0])
    with system.open_output_stream(path, compression=None) as stream:
        yield stream


def write(url: str, body: bytes) -> None:
    with writing(url) as stream:
        stream.write(body)


def read(url: str) -> bytes:
    system, path = filesystem(url)
    with system.open_input_stream(path, compression=None) as stream:
        return stream.read()


def write_arrow(url: str, table: pa.Table) -> None:
    """For the job's own use: fast, and lightly compressed."""
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with writing(url) as stream, pa.ipc.new_file(stream, table.schema, options=options) as writer:
        writer.write_table(table)


def read_arrow(url: str) -> pa.Table:
    return pa.ipc.open_file(pa.BufferReader(read(url))).read_all()


def read_parquet(url: str, columns: list[str]) -> pa.Table:
    """These columns, read without the others."""
    system, path = filesystem(url)
    with system.open_input_file(path) as file:
        return pq.ParquetFile(file).read(columns=columns)


def parquet_pieces(url: str, rows: int) -> Iterator[pa.Table]:
    """A file in tables of at most so many rows."""
    system, path = filesystem(url)
    with system.open_input_file(path) as file:
        for batch in pq.ParquetFile(file).iter_batches(batch_size=rows):
            yield pa.Table.from_batches([batch])
