"""`uap upload` with a mapping, a source, a dry run; and the worked example of the README."""

import json
from collections import Counter
from pathlib import Path

import pytest
from botocore.client import BaseClient
from click.testing import CliRunner, Result

from glue.event_document import Event, parse_event
from glue.mapping import parse
from loaders import aws, dry_run
from loaders.cli import main
from loaders.settings import Settings
from loaders.sources import find_sources

SHOP = Path(__file__).parents[2] / "examples" / "shop"
MAPPING = str(SHOP / "mapping.toml")


def uap(*arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def keys(s3: BaseClient, bucket: str) -> list[str]:
    return [entry["Key"] for entry in aws.objects(s3, bucket, "")]


def example_events() -> list[Event]:
    mapping = parse((SHOP / "mapping.toml").read_text())
    lines = dry_run.lines_of(find_sources([SHOP]))
    return [parse_event(line, mapping) for line in lines]


def test_every_document_of_the_example_is_an_event() -> None:
    events = example_events()
    assert Counter(event.action for event in events) == {
        "view": 4,
        "login": 2,
        "purchase": 2,
        "logout": 1,
        "Wishlisted": 1,
    }
    assert {event.location for event in events} == {"EU", "US", "ASIA"}
    assert {event.device for event in events} == {"desktop", "mobile", "tablet"}
    assert len({event.event_id for event in events}) == 10
    order = next(event for event in events if event.order_id == "S-10034")
    assert sum(item.quantity * item.unit_price for item in order.items) == order.purchase_total
    # nothing of the document is lost
    assert json.loads(order.extra) == {
        "meta": {"schema": 3},
        "account": {"tier": "gold"},
        "metadata": {"purchase": {"items": [{"gift": False}, {"gift": True}]}},
    }


def test_a_mapping_lands_documents_as_they_are_in_its_own_source(
    s3: BaseClient, settings: Settings
) -> None:
    first = uap("upload", "--mapping", MAPPING, str(SHOP), "--ingest-date", "2025-01-02")
    assert first.exit_code == 0, first.output
    mapping = f"s3://{settings.artifacts_bucket}/mappings/shop.toml"
    assert f"The mapping is registered as {mapping}." in first.stdout
    assert f"2 objects landed in s3://{settings.raw_bucket}/shop/, 0 were there" in first.stdout
    manifest, *landed = keys(s3, settings.raw_bucket)
    assert manifest.startswith("_manifests/shop-")
    assert landed == [
        "shop/ingest_date=2025-01-02/app.json.gz",
        "shop/ingest_date=2025-01-02/web.json.gz",
    ]
    assert keys(s3, settings.artifacts_bucket) == ["mappings/shop.toml"]

    # the mapping is known from now on
    again = uap("upload", "--source", "shop", str(SHOP))
    assert "0 objects landed" in again.stdout
    assert "The mapping" not in again.stdout


def test_a_changed_mapping_replaces_the_registered_one(
    tmp_path: Path, s3: BaseClient, settings: Settings
) -> None:
    changed = tmp_path / "changed.toml"
    changed.write_text((SHOP / "mapping.toml").read_text().replace('"desktop"', '"tablet"'))
    uap("upload", "--mapping", MAPPING, str(SHOP))
    assert "is as it was" in uap("upload", "--mapping", MAPPING, str(SHOP)).stdout
    said = uap("upload", "--mapping", str(changed), str(SHOP)).stdout
    assert "mappings/shop.toml is replaced: `uap flatten`" in said
    assert "`uap replay` reads again what was quarantined" in said
    body = s3.get_object(Bucket=settings.artifacts_bucket, Key="mappings/shop.toml")["Body"]
    assert body.read().decode() == changed.read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--mapping", "none.toml"], "cannot read none.toml: No such file"),
        (["--mapping", "bad.toml"], "bad.toml: user_id is required and missing from [fields]"),
        (["--mapping", "noise.toml"], "noise.toml is no TOML: it is not UTF-8 text"),
        (["--mapping", MAPPING, "--source", "web"], "--source web and the mapping's source shop"),
        (["--source", "web"], "no mapping is registered for the source web: pass --mapping"),
        (["--source", "../web"], "names no folder"),
        (["--source", "users", "--dry-run", "a.json"], "users are no events"),
        (["--compression", "lzma"], "'lzma' is not one of 'gzip', 'zstd'"),
    ],
)
def test_mistakes_are_named_and_land_nothing(
    in_tmp: Path, settings: Settings, s3: BaseClient, arguments: list[str], words: str
) -> None:
    text = (SHOP / "mapping.toml").read_text()
    (in_tmp / "bad.toml").write_text(text.replace("user_id =", "# user_id ="))
    (in_tmp / "noise.toml").write_bytes(b"\xff\xfe")
    (in_tmp / "a.json").write_text("{}\n")
    result = uap("upload", *arguments, str(SHOP))
    assert result.exit_code
    assert words in result.stderr
    assert settings.raw_bucket not in [b["Name"] for b in s3.list_buckets()["Buckets"]]


def test_without_paths_users_are_landed_beside_the_logs(
    in_tmp: Path, settings: Settings, s3: BaseClient
) -> None:
    for source in ("logs", "users"):
        folder = in_tmp / "data" / source / "ingest_date=2025-01-01"
        folder.mkdir(parents=True)
        (folder / "part-0000.json").write_text('{"user_id": 1}\n')
    said = uap("upload", "--compression", "zstd").stdout
    assert f"1 objects landed in s3://{settings.raw_bucket}/logs/" in said
    assert f"1 objects landed in s3://{settings.raw_bucket}/users/" in said
    assert [key for key in keys(s3, settings.raw_bucket) if not key.startswith("_")] == [
        "logs/ingest_date=2025-01-01/part-0000.json.zst",
        "users/ingest_date=2025-01-01/part-0000.json.zst",
    ]
    assert "there already" in uap("upload", "--source", "users", "data/users").stdout


def test_a_dry_run_shows_and_counts_and_lands_nothing(
    in_tmp: Path, settings: Settings, s3: BaseClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    good = (SHOP / "web.ndjson").read_text().splitlines()
    bad = [
        good[1].replace('"ts": 1735720215320', '"ts": "soon"'),
        good[3].replace('"total": 149.85', '"total": 1.50e2'),
        good[1].replace('"meta": {"id"', '"meta": {"it"'),
        '{"cut',
        "",
        '{"pad": "' + "x" * (17 << 20) + '"}',
    ]
    (in_tmp / "mine.json").write_text("\n".join([*bad, *good * 300]))
    result = uap("upload", "--mapping", MAPPING, "--dry-run", "mine.json")
    assert result.exit_code == 0, result.output
    assert (
        "Of the first 1,000 lines 996 are events, 4 would be quarantined "
        "(1 bad_timestamp, 1 malformed_json, 1 missing_field, 1 oversized_line)."
    ) in result.stdout
    assert '"total": 1.50e2' in result.stdout
    for shown in ("as received", "bad_timestamp", '"ts": "soon"', '"timestamp": "soon"'):
        assert shown in result.stdout
    assert s3.list_buckets()["Buckets"] == [] or settings.raw_bucket not in [
        bucket["Name"] for bucket in s3.list_buckets()["Buckets"]
    ]


def test_a_dry_run_of_our_own_shape_needs_no_mapping(in_tmp: Path, endpoint: str) -> None:
    (in_tmp / "odd.json").write_bytes(b'\xff\n{"a": "\\ud800"}\n[1]\n')
    said = uap("upload", "--dry-run", "odd.json").stdout
    assert "Of the first 3 lines 0 are events, 3 would be quarantined" in said
