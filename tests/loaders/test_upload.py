"""Landing files in S3: once each, whole, and what happens when others or the endpoint interfere."""

import gzip
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import click
import pytest
import zstandard
from botocore.client import BaseClient
from botocore.config import Config

from loaders import aws, landing, upload
from loaders.settings import Settings
from loaders.sources import find_sources
from tests.faults.proxy import THROTTLE, Proxy, Request

DAY = date(2025, 3, 4)
FOLDER = "logs/ingest_date=2025-03-04/"


def write(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def load(
    path: Path, s3: BaseClient, settings: Settings, day: date | None = DAY, **options: Any
) -> upload.Landing:
    return upload.upload(find_sources([path], day), s3, settings, **options)


def body(s3: BaseClient, settings: Settings, key: str) -> bytes:
    return s3.get_object(Bucket=settings.raw_bucket, Key=key)["Body"].read()


def landed(s3: BaseClient, settings: Settings) -> dict[str, bytes]:
    """{key: uncompressed content}"""
    unpack = {
        "gz": gzip.decompress,
        "st": lambda data: zstandard.ZstdDecompressor().stream_reader(data).read(),
    }
    return {
        entry["Key"]: unpack[entry["Key"][-2:]](body(s3, settings, entry["Key"]))
        for entry in aws.objects(s3, settings.raw_bucket, "")
        if not entry["Key"].startswith("_")
    }


def written_at(s3: BaseClient, settings: Settings) -> dict[str, datetime]:
    return {o["Key"]: o["LastModified"] for o in aws.objects(s3, settings.raw_bucket, "")}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Good lines and bad ones of every kind, in the generator's layout."""
    for number in range(6):
        lines = [
            b'{"number": %d}' % number,
            b'{"latin": "\xe9"}',
            b'{"nul": "\0"}',
            b'\xef\xbb\xbf{"bom": 1}\r',
            b"",
            b"[ERROR] timed out",
            b'{"cut',
        ]
        day = f"ingest_date=2025-01-0{number // 2 + 1}"
        write(tmp_path / "data" / day / f"part-{number:04}.json", b"\n".join(lines) + b"\n")
    return tmp_path / "data"


def test_lands_every_byte_as_it_is(data: Path, s3: BaseClient, settings: Settings) -> None:
    landing = load(data, s3, settings)
    assert landing.created_buckets == settings.buckets
    assert landing.landed == landing.keys
    assert landed(s3, settings) == {
        f"logs/{path.relative_to(data)}.gz": path.read_bytes() for path in data.rglob("*.json")
    }


def test_a_second_run_lands_nothing(data: Path, s3: BaseClient, settings: Settings) -> None:
    first = load(data, s3, settings)
    times = written_at(s3, settings)
    for again in (load(data, s3, settings), load(data, s3, settings, compression="zstd")):
        assert (again.landed, again.created_buckets) == ([], [])
        assert (again.keys, again.manifest) == (first.keys, first.manifest)
    assert load(data, s3, settings, replace=True).landed == []
    assert written_at(s3, settings) == times


def test_the_same_lines_give_the_same_object(
    tmp_path: Path, s3: BaseClient, settings: Settings
) -> None:
    """From a plain file, from a gzip of it, whose header has a name and a time, and so on."""
    lines = b'{"a": 1}\n' * 1000
    write(tmp_path / "plain" / "a.json", lines)
    (tmp_path / "packed").mkdir()
    with gzip.open(tmp_path / "packed" / "a.json.gz", "wb", compresslevel=1) as file:
        file.write(lines)
    write(tmp_path / "zstd" / "a.ndjson.zst", zstandard.compress(lines))
    array = json.dumps([{"a": 1}] * 1000)
    write(tmp_path / "array" / "a.json", array)
    load(tmp_path / "plain", s3, settings)
    etag = next(aws.objects(s3, settings.raw_bucket, FOLDER))["ETag"]
    for name in ("packed", "zstd", "array"):
        assert load(tmp_path / name, s3, settings).landed == []
        s3.delete_object(Bucket=settings.raw_bucket, Key=f"{FOLDER}a.json.gz")
        assert load(tmp_path / name, s3, settings).landed == [f"{FOLDER}a.json.gz"]
        (entry,) = aws.objects(s3, settings.raw_bucket, FOLDER)
        assert entry["ETag"] == etag


def test_zstd(data: Path, s3: BaseClient, settings: Settings) -> None:
    landing = load(data, s3, settings, compression="zstd")
    assert all(key.endswith(".json.zst") for key in landing.keys)
    assert landed(s3, settings) == {
        f"logs/{path.relative_to(data)}.zst": path.read_bytes() for path in data.rglob("*.json")
    }


def test_other_content_is_refused_before_anything_is_landed(
    tmp_path: Path, s3: BaseClient, settings: Settings
) -> None:
    file = write(tmp_path / "a.json", '{"a": 1}\n')
    load(tmp_path, s3, settings, compression="zstd")
    file.write_text('{"a": 2}\n')
    write(tmp_path / "b.json", '{"b": 1}\n')
    with pytest.raises(click.ClickException, match=r"a\.json.* --replace"):
        load(tmp_path, s3, settings)
    assert landed(s3, settings) == {f"{FOLDER}a.json.zst": b'{"a": 1}\n'}
    load(tmp_path, s3, settings, replace=True)
    assert landed(s3, settings) == {
        f"{FOLDER}a.json.gz": b'{"a": 2}\n',
        f"{FOLDER}b.json.gz": b'{"b": 1}\n',
    }


def test_what_is_no_ndjson_is_named_before_anything_is_uploaded(
    tmp_path: Path, s3: BaseClient, settings: Settings
) -> None:
    write(tmp_path / "0.json", '{"good": 1}\n')
    write(tmp_path / "a.json", b"PAR1\x00\x00\x01")
    with pytest.raises(click.ClickException, match=r"a\.json is not UTF-8 text"):
        load(tmp_path, s3, settings)
    assert settings.raw_bucket not in [b["Name"] for b in s3.list_buckets()["Buckets"]]


@pytest.mark.parametrize("kind", ["lines", "gzip", "array"])
def test_a_large_file_is_cut_and_continues_after_any_part(
    tmp_path: Path, s3: BaseClient, settings: Settings, kind: str
) -> None:
    lines = [b'{"number": %d}\n' % number for number in range(1000)]
    whole = b"".join(lines)
    match kind:
        case "lines":
            write(tmp_path / "big.json", whole)
        case "gzip":
            write(tmp_path / "big.json.gz", gzip.compress(whole))
        case "array":
            write(tmp_path / "big.json", b"[" + b",".join(lines) + b"]")
    write(tmp_path / "big-00001.x.json", b"{}\n")
    first = load(tmp_path, s3, settings, part_bytes=5000)
    cut = [f"{FOLDER}big-{number:05}.json.gz" for number in range(1, 5)]
    assert first.keys == sorted([*cut, f"{FOLDER}big-00001.x.json.gz"])
    there = landed(s3, settings)
    assert b"".join(there[key] for key in cut) == whole
    assert all(there[key].endswith(b"\n") and len(there[key]) < 5020 for key in cut)
    for lost in ([1], [2, 4], [1, 2, 3, 4]):
        keys = [cut[number - 1] for number in lost]
        for key in keys:
            s3.delete_object(Bucket=settings.raw_bucket, Key=key)
        assert load(tmp_path, s3, settings, part_bytes=5000).landed == keys
        assert landed(s3, settings) == there


def test_a_file_that_is_cut_otherwise_than_before_is_other_content(
    tmp_path: Path, s3: BaseClient, settings: Settings
) -> None:
    """Grown, shrunk, or cut by another rule: never is a line landed twice."""
    file = write(tmp_path / "log.json", '{"a": 1}\n' * 100)
    mine = {f"{FOLDER}log-00009.json.gz": b"{}\n"}
    write(tmp_path / "x" / "log-00009.json", "{}\n")
    load(tmp_path / "x", s3, settings)
    load(file, s3, settings)
    with pytest.raises(click.ClickException, match="--replace"):
        load(file, s3, settings, part_bytes=300)
    load(file, s3, settings, part_bytes=300, replace=True)
    assert landed(s3, settings).keys() == mine.keys() | {
        f"{FOLDER}log-{number:05}.json.gz" for number in (1, 2, 3)
    }
    file.write_text('{"a": 1}\n' * 60)
    with pytest.raises(click.ClickException, match=r"log-0000\d\.json\.gz holds other content"):
        load(file, s3, settings, part_bytes=300)
    load(file, s3, settings, part_bytes=300, replace=True)
    load(file, s3, settings, replace=True)
    assert landed(s3, settings) == mine | {f"{FOLDER}log.json.gz": b'{"a": 1}\n' * 60}


def test_two_files_whose_parts_would_be_one_object(
    tmp_path: Path, s3: BaseClient, settings: Settings
) -> None:
    write(tmp_path / "log.json", '{"a": 1}\n' * 100)
    write(tmp_path / "log-00002.json", "{}\n")
    with pytest.raises(click.ClickException, match=r"would both become .*log-00002"):
        load(tmp_path, s3, settings, part_bytes=300)
    assert settings.raw_bucket not in [b["Name"] for b in s3.list_buckets()["Buckets"]]


def test_what_nobody_dated_is_not_landed_again_on_another_day(
    tmp_path: Path, s3: BaseClient, settings: Settings
) -> None:
    file = write(tmp_path / "a.json", '{"a": 1}\n' * 100)
    write(tmp_path / "b.json", '{"b": 1}\n')
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    before = load(tmp_path, s3, settings, day=yesterday, part_bytes=300)
    lost = next(key for key in before.keys if "a-00002" in key)
    s3.delete_object(Bucket=settings.raw_bucket, Key=lost)
    # an upload that was cut off before midnight
    assert load(tmp_path, s3, settings, day=None, part_bytes=300).landed == [lost]
    # other content under the same name is a new file of today, as logs are rotated
    file.write_text('{"a": 2}\n')
    (new,) = load(tmp_path, s3, settings, day=None).landed
    assert new == f"logs/ingest_date={datetime.now(UTC).date()}/a.json.gz"
    assert load(tmp_path, s3, settings, day=None).landed == []
    # a day that was given is meant
    assert len(load(tmp_path, s3, settings, day=DAY).landed) == 2


def test_the_manifest_names_all_of_a_load(
    tmp_path: Path, s3: BaseClient, settings: Settings
) -> None:
    write(tmp_path / "a.json", '{"a": 1}\n\n{"a": 2}')
    write(tmp_path / "b.json", '{"b": 1}\n' * 100)
    load(tmp_path / "a.json", s3, settings)
    landing = load(tmp_path, s3, settings, part_bytes=500)
    assert len(landing.landed) == 2
    manifest = json.loads(body(s3, settings, landing.manifest))
    assert landing.manifest == f"_manifests/{manifest['load_id']}.json"
    assert manifest["source"] == "logs"
    assert [entry["key"] for entry in manifest["objects"]] == landing.keys
    assert [entry["file"] for entry in manifest["objects"]] == ["a.json", "b.json", "b.json"]
    assert [entry["lines"] for entry in manifest["objects"]] == [2, 56, 44]
    assert [entry["bytes"] for entry in manifest["objects"]] == [18, 504, 396]
    for entry in manifest["objects"]:
        head = s3.head_object(Bucket=settings.raw_bucket, Key=entry["key"])
        assert head["Metadata"]["sha256"] == entry["sha256"]
    # one that was killed before it wrote the manifest
    s3.delete_object(Bucket=settings.raw_bucket, Key=landing.manifest)
    assert load(tmp_path, s3, settings, part_bytes=500).landed == []
    assert json.loads(body(s3, settings, landing.manifest))["objects"] == manifest["objects"]


def test_two_uploads_at_once_land_each_object_once(
    tmp_path: Path, settings: Settings, s3: BaseClient
) -> None:
    for number in range(40):
        write(tmp_path / "a" / f"{number:02}.json", f'{{"number": {number}}}\n' * 10)
    aws.ensure_buckets(s3, settings)
    start = threading.Barrier(2)

    def run(_: int) -> upload.Landing:
        mine = aws.client("s3", settings)
        start.wait()
        return load(tmp_path / "a", mine, settings)

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(run, range(2))
    assert sorted(one.landed + other.landed) == one.keys == other.keys
    assert len(landed(s3, settings)) == 40


def test_another_uploader_with_other_content_is_never_overwritten(
    tmp_path: Path, settings: Settings, s3: BaseClient
) -> None:
    """It lands its object after this upload has looked and before it puts its own."""
    write(tmp_path / "a.json", '{"a": 1}\n')
    theirs = gzip.compress(b'{"theirs": 1}\n')

    def put_first(**_: object) -> None:
        aws.client("s3", settings).put_object(
            Bucket=settings.raw_bucket, Key=f"{FOLDER}a.json.gz", Body=theirs
        )

    s3.meta.events.register("before-call.s3.PutObject", put_first)
    with pytest.raises(click.ClickException, match="another upload has landed other content"):
        load(tmp_path, s3, settings)
    assert body(s3, settings, f"{FOLDER}a.json.gz") == theirs


def test_what_is_stored_otherwise_than_sent_is_noticed_and_removed(
    tmp_path: Path, settings: Settings, s3: BaseClient
) -> None:
    write(tmp_path / "a.json", '{"a": 1}\n')

    def damage(request: Any, **_: object) -> None:
        content = bytearray(request.body.read())
        content[-1] ^= 1
        request.body = bytes(content)

    s3.meta.events.register("before-send.s3.PutObject", damage)
    with pytest.raises(click.ClickException, match="another checksum") as refusal:
        load(tmp_path, s3, settings)
    assert "a.json" in refusal.value.message
    s3.meta.events.unregister("before-send.s3.PutObject", damage)
    assert landed(s3, settings) == {}
    assert load(tmp_path, s3, settings).landed == [f"{FOLDER}a.json.gz"]


def test_a_file_that_changes_meanwhile_is_not_landed(
    tmp_path: Path, settings: Settings, s3: BaseClient
) -> None:
    file = write(tmp_path / "a.json", '{"a": 1}\n')
    aws.ensure_buckets(s3, settings)

    def change(**_: object) -> None:
        file.write_text('{"a": 2}\n')

    s3.meta.events.register("before-call.s3.ListObjectsV2", change)
    with pytest.raises(click.ClickException, match="was changed while it was read"):
        load(tmp_path, s3, settings)
    assert landed(s3, settings) == {}


def impatient(settings: Settings, monkeypatch: pytest.MonkeyPatch, url: str) -> BaseClient:
    """A client that does not try again by itself; the upload's own waits are short."""
    monkeypatch.setattr(landing, "WAITS", (0.01,) * 8)
    once = Config(retries={"mode": "standard", "total_max_attempts": 1})
    return boto3.client("s3", region_name=settings.region, endpoint_url=url, config=once)


def test_an_endpoint_that_throttles_gets_time(
    data: Path,
    endpoint: str,
    settings: Settings,
    s3: BaseClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every object is refused six times: more often than botocore tries."""
    aws.ensure_buckets(s3, settings)
    refused: dict[str, int] = {}

    def plan(request: Request) -> str | None:
        if request.method != "PUT":
            return None
        refused[request.path] = refused.get(request.path, 0) + 1
        return THROTTLE if refused[request.path] <= 6 else None

    with Proxy(endpoint, plan) as slow:
        through = impatient(settings, monkeypatch, slow.url)
        first = load(data, through, settings)
    assert slow.injected[THROTTLE] == 6 * (len(first.keys) + 1)  # and the manifest
    assert landed(s3, settings).keys() == set(first.keys)


def test_an_endpoint_that_only_throttles_is_one_line(
    data: Path,
    endpoint: str,
    settings: Settings,
    s3: BaseClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aws.ensure_buckets(s3, settings)
    with Proxy(endpoint, lambda request: THROTTLE if request.method == "PUT" else None) as slow:
        through = impatient(settings, monkeypatch, slow.url)
        with pytest.raises(click.ClickException, match=r"0 of .* run the same command") as refusal:
            load(data, through, settings)
    assert "SlowDown" in refusal.value.message
    assert landed(s3, settings) == {}
    assert load(data, s3, settings).landed


def test_an_endpoint_that_dies_is_one_line_and_a_second_run_completes(
    tmp_path: Path, mortal, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = mortal.up()["AWS_ENDPOINT_URL"]
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    documents = tmp_path / "documents"
    documents.mkdir()
    for number in range(60):
        write(documents / f"{number:02}.json", f'{{"number": {number}}}\n' * 100)
    settings = Settings.load()
    s3 = aws.client("s3", settings)
    sources = find_sources([documents], DAY)
    puts = []

    def kill_at_the_twentieth(**_: object) -> None:
        puts.append(1)
        if len(puts) == 20:
            mortal.kill()

    s3.meta.events.register("before-call.s3.PutObject", kill_at_the_twentieth)
    with pytest.raises(click.ClickException) as failure:
        upload.upload(sources, s3, settings)
    message = failure.value.message
    assert message.startswith(f"cannot reach {url} - start it with `uap local up`;")
    assert "\n" not in message
    said = int(re.search(r"(\d+) of 60 new objects were landed", message)[1])

    mortal.up(port=int(url.rpartition(":")[2]))
    try:
        there = landed(s3, settings)
        # what was acknowledged is there; the last answers may have been lost on the way
        assert 0 < said <= len(there) < 60
        landing = upload.upload(sources, s3, settings)
        assert len(landing.landed) == 60 - len(there)
        assert landed(s3, settings) == {
            f"{source.folder}{source.name}.json.gz": source.path.read_bytes() for source in sources
        }
    finally:
        mortal.down()
