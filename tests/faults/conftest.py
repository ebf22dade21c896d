"""Lakes to be hurt: each test has its own names, most share an endpoint."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localaws import process
from localaws.process import Endpoint
from tests.faults.lake import Lake

SHARES = ("--duplicates", "0.02", "--late", "0.02", "--malformed", "0.02")


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """Running, and shared by the tests that do not kill it."""
    running = process.start(tmp_path_factory.mktemp("endpoint") / "localaws", port=0)
    yield running
    process.stop(running.data_dir)


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Endpoint]:
    """An endpoint of the test's own, to be killed."""
    running = process.start(tmp_path / "localaws", port=0)
    yield running
    process.stop(running.data_dir)


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """`documents(events, lines)`: a folder with a data set of so many events and lines a file."""
    made: dict[tuple[int, int], Path] = {}

    def make(events: int, lines: int, endpoint: Endpoint) -> Path:
        if (events, lines) not in made:
            folder = tmp_path_factory.mktemp("documents")
            Lake(folder, endpoint, "documents", endpoint.url).succeed(
                *("generate", "--events", str(events), "--days", "3", "--users", "100"),
                *("--max-lines-per-file", str(lines), *SHARES),
            )
            made[events, lines] = folder
        return made[events, lines]

    return make


@pytest.fixture
def start_lake(
    request: pytest.FixtureRequest, endpoint: Endpoint, documents: Callable[..., Path]
) -> Callable[..., Lake]:
    """`start_lake(events, lines)`: an empty lake whose names follow from the test's, so that
    a seeded fault hits the same request again."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.originalname.lower())[:38].strip("-")
    name = f"{words}-{zlib.crc32(request.node.name.encode()):x}"

    def start(events: int, lines: int, endpoint: Endpoint = endpoint) -> Lake:
        return Lake(documents(events, lines, endpoint), endpoint, name, endpoint.url)

    return start
