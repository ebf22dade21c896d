"""The job on real files: raw zone in, tables out, read back with pyarrow and not with Spark."""

import gzip
import json
import shutil
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import flatten
import flatten_job
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
import pytest
from event_document import Event
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

DAY_1, DAY_2, DAY_3 = date(2025, 3, 1), date(2025, 3, 2), date(2025, 3, 3)
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return tmp_path / "raw" / "logs"


@pytest.fixture
def cleaned(tmp_path: Path) -> Path:
    return tmp_path / "cleaned"


@pytest.fixture
def run(spark: SparkSession, raw: Path, cleaned: Path) -> Run:
    return lambda **options: flatten_job.run(spark, f"{raw}/", f"{cleaned}/", **options)


def event_id(number: int) -> str:
    return str(uuid.UUID(int=number))


def document(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "event_id": event_id(number),
        "user_id": number,
        "action": "view",
        "timestamp": "2025-03-01T10:20:30.123Z",
        "metadata": {"device": "mobile", "location": "EU"},
    } | changes


def line(number: int, **changes: Any) -> bytes:
    return json.dumps(document(number, **changes)).encode()


def land(raw: Path, day: date, name: str, lines: list[bytes]) -> str:
    """Put an object into the raw zone; returns the source_object the tables must name."""
    path = raw / f"ingest_date={day}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    content = b"\n".join(lines) + b"\n"
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return f"file:{path}"


def table(cleaned: Path, name: str) -> list[dict[str, Any]]:
    """All rows; the partition column as a date, as the catalog declares it."""
    folder = cleaned / name
    if not folder.exists():
        return []
    partition = "ingest_date" if name == "quarantine" else "event_date"
    partitioning = pa.dataset.partitioning(pa.schema([(partition, pa.date32())]), flavor="hive")
    return (
        pa.dataset.dataset(folder, format="parquet", partitioning=partitioning)
        .to_table()
        .to_pylist()
    )


def numbers(cleaned: Path) -> list[int]:
    return sorted(row["user_id"] for row in table(cleaned, "user_activity"))


def files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")  # Hadoop's checksums
    )


def test_schema_follows_event(spark: SparkSession) -> None:
    columns = spark.createDataFrame([], flatten.PARSED_LINE).columns
    assert columns == ["reason", "raw_line", *Event._fields]


def test_rows_types_and_files(run: Run, raw: Path, cleaned: Path) -> None:
    purchase = {
        "order_id": "o-1",
        "currency": "EUR",
        "total": 112.5,
        "items": [
            {"sku": "a", "quantity": 2, "unit_price": 6.25},
            {"sku": "b", "quantity": 1, "unit_price": 100},
        ],
    }
    metadata = {"device": "tablet", "location": "ASIA", "app_version": "1.2", "page": "/buy"}
    bought = document(1, action="purchase", beta=True, metadata=metadata | {"purchase": purchase})
    viewed = document(2, timestamp="2025-03-02T00:30:00+02:00")
    land(raw, DAY_2, "a.json.gz", [json.dumps(bought).encode(), json.dumps(viewed).encode()])

    summary = run()

    assert summary == {
        "lines": 2,
        "cleaned": 2,
        "dropped": 0,
        "duplicates": 0,
        "quarantined": {},
    }
    moment = datetime(2025, 3, 1, 10, 20, 30, 123_000, tzinfo=UTC)
    rows = sorted(table(cleaned, "user_activity"), key=lambda row: row["event_id"])
    assert rows[0] == {
        "event_id": event_id(1),
        "user_id": 1,
        "action": "purchase",
        "event_at": moment,
        "device": "tablet",
        "location": "ASIA",
        "app_version": "1.2",
        "page": "/buy",
        "order_id": "o-1",
        "currency": "EUR",
        "purchase_total": Decimal("112.50"),
        "item_count": 2,
        "extra": '{"beta":true}',
        "ingest_date": DAY_2,
        "event_date": DAY_1,
    }
    assert rows[1]["event_at"] == datetime(2025, 3, 1, 22, 30, tzinfo=UTC)
    assert rows[1]["event_date"] == DAY_1
    assert [rows[1][name] for name in ("page", "order_id", "item_count", "extra")] == [None] * 4
    common = {"event_id": event_id(1), "order_id": "o-1", "event_at": moment, "event_date": DAY_1}
    assert sorted(table(cleaned, "user_activity_items"), key=lambda row: row["item_number"]) == [
        common | {"item_number": 1, "sku": "a", "quantity": 2, "unit_price": Decimal("6.25")},
        common | {"item_number": 2, "sku": "b", "quantity": 1, "unit_price": Decimal("100.00")},
    ]

    [activity] = files(cleaned / "user_activity")
    assert activity.parent.name == "event_date=2025-03-01"
    parquet = pa.parquet.ParquetFile(activity)
    assert parquet.metadata.row_group(0).column(0).compression == "ZSTD"
    assert {field.name: str(field.type) for field in parquet.schema_arrow} == {
        "event_id": "string",
        "user_id": "int64",
        "action": "string",
        "event_at": "timestamp[us, tz=UTC]",
        "device": "string",
        "location": "string",
        "app_version": "string",
        "page": "string",
        "order_id": "string",
        "currency": "string",
        "purchase_total": "decimal128(12, 2)",
        "item_count": "int32",
        "extra": "string",
        "ingest_date": "date32[day]",
    }
    [items] = files(cleaned / "user_activity_items")
    assert {field.name: str(field.type) for field in pa.parquet.read_schema(items)} == {
        "event_id": "string",
        "order_id": "string",
        "item_number": "int32",
        "sku": "string",
        "quantity": "int32",
        "unit_price": "decimal128(12, 2)",
        "event_at": "timestamp[us, tz=UTC]",
    }


def test_quarantine_names_reason_text_and_place(run: Run, raw: Path, cleaned: Path) -> None:
    land(raw, DAY_1, "good.json.gz", [line(1), line(2)])
    lines = [
        b"\xef\xbb\xbf" + line(3) + b"\r",  # a byte order mark and CRLF line ends are no harm
        b"",
        b" \t\r",
        b"hello \xff\x00",
        line(4, timestamp="yesterday"),
        line(5) + line(6),
        line(7, user_id="7"),
        "\u00a0".encode(),  # only JSON's own white space makes a blank line
        line(8, action=None) + b"\r",
    ]
    name = "odd name +%41 ü.json.gz"
    source = land(raw, DAY_2, name, lines)

    summary = run()

    assert summary["lines"] == 9
    assert summary["quarantined"] == {
        "bad_timestamp": 1,
        "bad_type": 1,
        "malformed_json": 3,
        "missing_field": 1,
    }
    assert numbers(cleaned) == [1, 2, 3]
    rows = sorted(table(cleaned, "quarantine"), key=lambda row: row["line_number"])
    assert [(row["line_number"], row["reason"]) for row in rows] == [
        (4, "malformed_json"),
        (5, "bad_timestamp"),
        (6, "malformed_json"),
        (7, "bad_type"),
        (8, "malformed_json"),
        (9, "missing_field"),
    ]
    assert rows[0]["raw_line"] == "hello \ufffd\x00"
    assert [row["raw_line"].encode() for row in rows[1:]] == [*lines[4:7], *lines[7:]]
    assert {row["source_object"] for row in rows} == {source}
    assert {row["ingest_date"] for row in rows} == {DAY_2}


def test_line_numbers_of_an_object_read_by_many_tasks(
    run: Run, raw: Path, cleaned: Path, spark: SparkSession
) -> None:
    lines = [
        b"broken" if number % 10 == 0 else b"" if number % 7 == 0 else line(number)
        for number in range(1, 201)
    ]
    land(raw, DAY_1, "plain.json", lines)
    spark.conf.set("spark.sql.files.maxPartitionBytes", "2000")
    try:
        run()
    finally:
        spark.conf.unset("spark.sql.files.maxPartitionBytes")
    rows = table(cleaned, "quarantine")
    assert sorted(row["line_number"] for row in rows) == list(range(10, 201, 10))


def test_first_of_the_same_event_id_wins_then_actions_drop(
    run: Run, raw: Path, cleaned: Path
) -> None:
    land(raw, DAY_2, "a.json.gz", [line(1, user_id=102), line(2, user_id=102)])
    land(raw, DAY_1, "b.json.gz", [line(1, user_id=101), line(1, user_id=900), line(3)])
    land(raw, DAY_1, "a.json.gz", [line(3, action="logout"), line(4, action="logout"), line(5)])
    # The broken first copy does not count: quarantine comes before duplicates.
    land(raw, DAY_1, "c.json.gz", [line(2, timestamp="?"), line(2, user_id=202)])

    summary = run()

    assert summary == {
        "lines": 10,
        "cleaned": 3,
        "dropped": 2,
        "duplicates": 4,
        "quarantined": {"bad_timestamp": 1},
    }
    assert numbers(cleaned) == [5, 101, 202]
    assert run(drop_actions=[])["dropped"] == 0
    assert numbers(cleaned) == [3, 4, 5, 101, 202]
    assert run(drop_actions=["view", "logout"])["cleaned"] == 0
    assert numbers(cleaned) == []


def test_second_run_writes_the_same(run: Run, raw: Path, cleaned: Path) -> None:
    stamps = ["2025-03-01T10:00:00Z", "2025-03-02T10:00:00Z", "2025-02-01T10:00:00Z"]
    item = {"sku": "a", "quantity": 1, "unit_price": 1.5}
    metadata = {"device": "tablet", "location": "EU", "purchase": {"items": [item, item]}}
    for name in ("a.json.gz", "b.json.gz"):
        lines = [
            line(number % 150, timestamp=stamps[number % 3], metadata=metadata)
            for number in range(200)
        ]
        land(raw, DAY_1, name, [*lines, b"broken"])

    def content() -> dict[str, list[pa.Table]]:
        found: dict[str, list[pa.Table]] = {}
        for path in files(cleaned):
            key = str(path.parent.relative_to(cleaned))
            found.setdefault(key, []).append(pa.parquet.ParquetFile(path).read())
        return found

    first_summary = run()
    first = content()
    assert run() == first_summary
    assert content() == first
    assert set(first) == {
        "quarantine/ingest_date=2025-03-01",
        *(
            f"{name}/event_date={day}"
            for name in ("user_activity", "user_activity_items")
            for day in ("2025-02-01", "2025-03-01", "2025-03-02")
        ),
    }
    assert {len(parts) for parts in first.values()} == {1}


def test_partitions_that_no_longer_come_out_are_removed(run: Run, raw: Path, cleaned: Path) -> None:
    land(raw, DAY_1, "a.json.gz", [line(1), b"broken"])
    land(raw, DAY_2, "a.json.gz", [line(2, timestamp="2025-03-02T00:00:00Z"), b"broken"])
    run()
    shutil.rmtree(raw / f"ingest_date={DAY_1}")
    run()
    assert numbers(cleaned) == [2]
    folders = {str(path.parent.relative_to(cleaned)) for path in files(cleaned)}
    assert folders == {"user_activity/event_date=2025-03-02", "quarantine/ingest_date=2025-03-02"}


def mistakes() -> Iterator[Any]:
    def no_day(raw: Path) -> None:
        (raw / "stray.json").write_bytes(line(9))

    def no_such_day(raw: Path) -> None:
        (raw / "ingest_date=2025-02-30").mkdir()
        (raw / "ingest_date=2025-02-30" / "stray.json").write_bytes(line(9))

    def nothing(raw: Path) -> None:
        shutil.rmtree(raw)

    def only_blank_lines(raw: Path) -> None:
        shutil.rmtree(raw)
        land(raw, DAY_1, "a.json.gz", [b"", b" "])

    def not_gzip(raw: Path) -> None:
        (raw / f"ingest_date={DAY_1}" / "b.json.gz").write_bytes(line(9))

    yield pytest.param(no_day, r"stray.json is not in a folder ingest_date=", id="no day")
    yield pytest.param(no_such_day, r"stray.json is not in a folder", id="no such day")
    yield pytest.param(nothing, r"there is nothing at --raw_path .*/raw/logs", id="no raw zone")
    yield pytest.param(only_blank_lines, r"there is no document", id="only blank lines")
    yield pytest.param(not_gzip, r"not a gzip file|incorrect header check", id="broken object")


@pytest.mark.parametrize(("spoil", "message"), list(mistakes()))
def test_a_failing_run_leaves_the_tables_alone(
    run: Run, raw: Path, cleaned: Path, spoil: Callable[[Path], None], message: str
) -> None:
    land(raw, DAY_1, "a.json.gz", [line(1), b"broken"])
    run()
    before = {path: path.stat().st_mtime_ns for path in files(cleaned)}
    spoil(raw)
    with pytest.raises(Exception, match=message):
        run()
    assert {path: path.stat().st_mtime_ns for path in files(cleaned)} == before


def test_counts_that_do_not_add_up_fail() -> None:
    assert flatten_job.summarise(3, Counter(cleaned=2, bad_type=1))["quarantined"] == {
        "bad_type": 1
    }
    with pytest.raises(RuntimeError, match="nothing was written"):
        flatten_job.summarise(4, Counter(cleaned=2, bad_type=1))


def test_json_output_has_the_shape_of_the_seed(run: Run, raw: Path, cleaned: Path) -> None:
    land(raw, DAY_1, "a.json.gz", [line(1, timestamp="2025-03-01T12:00:00+02:00"), b"broken"])
    run(output_format="json")
    [written] = files(cleaned / "user_activity")
    assert written.name.endswith(".json.gz")
    assert written.parent.name == "event_date=2025-03-01"
    assert gzip.decompress(written.read_bytes()).decode() == (
        f'{{"event_id":"{event_id(1)}","user_id":1,"action":"view",'
        '"timestamp":"2025-03-01T10:00:00.000Z","metadata":{"device":"mobile","location":"EU"}}\n'
    )
    assert len(table(cleaned, "quarantine")) == 1
    run()
    assert [path.suffix for path in files(cleaned / "user_activity")] == [".parquet"]


def test_command_line(
    spark: SparkSession, raw: Path, cleaned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    land(raw, DAY_1, "a.json.gz", [line(1, action="logout"), line(2)])
    glue_adds = ["--JOB_RUN_ID", "jr_1", "--enable-metrics", "true", "--TempDir", "s3://t/"]
    paths = ["--raw_path", str(raw), "--cleaned_path", str(cleaned)]
    flatten_job.main(["--JOB_NAME", "flatten", *glue_adds, *paths, "--drop_actions", "none"])
    printed = capsys.readouterr().out.splitlines()[-1]
    assert json.loads(printed.removeprefix("flatten summary: ")) == {
        "lines": 2,
        "cleaned": 2,
        "dropped": 0,
        "duplicates": 0,
        "quarantined": {},
    }
    with pytest.raises(SystemExit, match=r"^flatten: there is nothing at --raw_path /nowhere$"):
        flatten_job.main(["--raw_path", "/nowhere", "--cleaned_path", str(cleaned)])


# A second opinion: lines made from the rows they must become, so the expectation never parses.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
maybe_texts = st.none() | texts
amounts = st.none() | st.decimals(-(10**9), 10**9, places=2)


@st.composite
def good_lines(draw: st.DrawFn) -> tuple[bytes, dict[str, Any]]:
    micros = draw(st.integers(-(10**15), 4 * 10**15))
    event_at = EPOCH + timedelta(microseconds=micros)
    items = draw(
        st.none() | st.lists(st.tuples(maybe_texts, st.none() | st.integers(-9, 9), amounts))
    )
    row = {
        "event_id": event_id(draw(st.integers(0, 30))),
        "user_id": draw(st.integers(-(2**63), 2**63 - 1)),
        "action": draw(st.sampled_from(["view", "login", "logout"]) | texts),
        "event_at": event_at,
        "device": draw(texts),
        "location": draw(texts),
        "app_version": draw(maybe_texts),
        "page": draw(maybe_texts),
        "order_id": draw(maybe_texts),
        "currency": draw(maybe_texts),
        "purchase_total": draw(amounts),
        "items": items,
    }
    document = {
        "timestamp": event_at.replace(tzinfo=None).isoformat(draw(st.sampled_from("T ")))
        + draw(st.sampled_from(["Z", "+00:00", ""])),
        **{name: row[name] for name in ("action", "event_id", "user_id")},
        "metadata": {
            **{name: row[name] for name in ("app_version", "device", "location", "page")},
            "purchase": {
                **{name: row[name] for name in ("order_id", "currency")},
                "total": number(row["purchase_total"]),
                "items": items
                and [
                    {"sku": sku, "quantity": quantity, "unit_price": number(price)}
                    for sku, quantity, price in items
                ],
            },
        },
    }
    return json.dumps(document, ensure_ascii=draw(st.booleans())).encode(), row


def number(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


bad_lines = st.tuples(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"))
    .map(str.encode)
    .filter(lambda raw: raw.strip(b" \t\r")),
    st.just("quarantined"),
)
blank_lines = st.tuples(st.sampled_from([b"", b" ", b"\r", b"\t "]), st.just("blank"))
objects = st.dictionaries(
    st.tuples(
        st.sampled_from([DAY_1, DAY_2, DAY_3]), st.sampled_from(["a.json.gz", "b.json", "c.json"])
    ),
    st.lists(good_lines() | bad_lines | blank_lines, min_size=1, max_size=80),
    min_size=1,
    max_size=5,
)


# Not shrunk: a Spark run an attempt would take minutes.
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    print_blob=True,
)
@given(written=objects)
def test_against_a_reference(
    tmp_path_factory: pytest.TempPathFactory,
    spark: SparkSession,
    written: dict[tuple[date, str], list[tuple[bytes, Any]]],
) -> None:
    zone = tmp_path_factory.mktemp("zone")
    outcomes: Counter[str] = Counter()
    events: dict[str, dict[str, Any]] = {}
    broken = []
    for (day, name), lines in sorted(written.items(), key=lambda item: item[0]):
        source = land(zone / "raw", day, name, [raw for raw, _ in lines])
        for line_number, (raw, row) in enumerate(lines, start=1):
            if row == "quarantined":
                outcomes["quarantined"] += 1
                broken.append((source, line_number, raw.decode()))
            elif row == "blank":
                continue
            elif row["event_id"] in events:
                outcomes["duplicates"] += 1
            else:
                outcomes["dropped" if row["action"] == "logout" else "cleaned"] += 1
                events[row["event_id"]] = row | {"ingest_date": day}
    total = outcomes.total()
    if not total:
        with pytest.raises(ValueError, match="no document"):
            flatten_job.run(spark, str(zone / "raw"), str(zone / "cleaned"))
        return

    summary = flatten_job.run(spark, str(zone / "raw"), str(zone / "cleaned"))

    assert summary.pop("lines") == total
    assert sum(summary.pop("quarantined").values()) == outcomes.pop("quarantined", 0)
    assert Counter(summary) == outcomes
    kept = [row for row in events.values() if row["action"] != "logout"]
    activity = table(zone / "cleaned", "user_activity")
    assert sorted(activity, key=lambda row: row["event_id"]) == sorted(
        (
            {name: value for name, value in row.items() if name != "items"}
            | {
                "item_count": None if row["items"] is None else len(row["items"]),
                "extra": None,
                "event_date": row["event_at"].date(),
            }
            for row in kept
        ),
        key=lambda row: row["event_id"],
    )
    items = {
        (row["event_id"], row["item_number"]): (
            row["sku"],
            row["quantity"],
            row["unit_price"],
            row["order_id"],
            row["event_at"],
        )
        for row in table(zone / "cleaned", "user_activity_items")
    }
    assert items == {
        (row["event_id"], item_number): (*item, row["order_id"], row["event_at"])
        for row in kept
        for item_number, item in enumerate(row["items"] or [], start=1)
    }
    quarantined = table(zone / "cleaned", "quarantine")
    places = [(row["source_object"], row["line_number"], row["raw_line"]) for row in quarantined]
    assert sorted(places) == sorted(broken)
