"""Many rows take no more memory than some: they go through in batches."""

from __future__ import annotations

import json
import sys
import time
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


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the process's peak from /proc")
def test_a_crawl_of_many_documents(fresh_endpoint, athena_of) -> None:
    athena = athena_of(fresh_endpoint)
    extra = {"page": "/p" * 40, "items": [{"sku": "s", "quantity": 1}, {"sku": "t"}]}
    for file in range(30):
        lines = (
            json.dumps({"id": f"{file}-{i}", "n": i, "at": "2025-01-01", "extra": extra})
            for i in range(20_000)
        )
        athena.put(f"raw/{file}.json", "\n".join(lines))
    before = memory(fresh_endpoint.pid, "VmRSS")
    athena.glue.create_crawler(
        Name="many",
        Role="arn:aws:iam::123456789012:role/crawler",
        DatabaseName=athena.database,
        Targets={"S3Targets": [{"Path": f"s3://{athena.bucket}/raw/"}]},
    )
    athena.glue.start_crawler(Name="many")
    while (crawler := athena.glue.get_crawler(Name="many")["Crawler"])["State"] != "READY":
        time.sleep(0.2)
    assert crawler["LastCrawl"]["Status"] == "SUCCEEDED"
    grown = memory(fresh_endpoint.pid, "VmHWM") - before
    assert athena("SELECT count(*), max(n) FROM raw") == [("600000", "19999")]
    assert grown < GIGABYTE / 2, f"{grown >> 20} MB"
