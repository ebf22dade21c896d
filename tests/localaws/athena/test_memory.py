"""Writing many rows takes no more memory than writing some: they go through in batches."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROWS = 5_000_000
GIGABYTE = 1 << 30


def memory(pid: int, name: str) -> int:
    """Bytes; VmHWM is the most that the process ever held."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (found,) = (line.split()[1] for line in lines if line.startswith(f"{name}:"))
    return int(found) * 1024


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the process's peak from /proc")
@pytest.mark.parametrize(
    "options",
    [
        "format = 'PARQUET'",
        "format = 'PARQUET', partitioned_by = ARRAY['p']",
        "table_type = 'ICEBERG', is_external = false, partitioning = ARRAY['p']",
    ],
)
def test_a_table_of_five_million_rows(fresh_endpoint, athena_of, options) -> None:
    athena = athena_of(fresh_endpoint)
    athena("SELECT 1")
    before = memory(fresh_endpoint.pid, "VmRSS")
    iceberg = "ICEBERG" in options
    place = "location" if iceberg else "external_location"
    athena(
        f"CREATE TABLE t WITH ({options}, {place} = 's3://{athena.bucket}/t/') AS "
        "SELECT x * 1000 + y AS n, to_hex(md5(to_utf8(cast(x * y AS varchar)))) AS text, "
        "rand() AS number, y % 10 AS p FROM UNNEST(sequence(1, 5000)) AS a(x) "
        "CROSS JOIN UNNEST(sequence(1, 1000)) AS b(y)"
    )
    grown = memory(fresh_endpoint.pid, "VmHWM") - before
    assert athena("SELECT count(*) FROM t") == [(str(ROWS),)]
    assert grown < GIGABYTE, f"{grown >> 20} MB"
