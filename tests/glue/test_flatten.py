"""The job's transform on real files, held to the reference row by row after each run."""

import os

import pytest

from tests.glue.histories import History
from tests.glue.zones import Zones

pytestmark = pytest.mark.slow

# More for a longer check: UAP_HISTORIES=50, and another UAP_SEED for others.
HISTORIES = int(os.environ.get("UAP_HISTORIES", "3"))
SEED = int(os.environ.get("UAP_SEED", "1"))
RUNS = 4


@pytest.mark.parametrize("seed", range(SEED, SEED + HISTORIES))
def test_random_history(zones: Zones, seed: int) -> None:
    history = History(zones, seed)
    for _ in range(RUNS):
        history.step()
