"""Landing files in S3, and what happens when the endpoint is killed."""

import gzip
import re
from datetime import date
from pathlib import Path

import click
import pytest
from botocore.client import BaseClient

from loaders import aws, generate, upload
from loaders.settings import Settings

DAY = date(2025, 3, 4)


def write(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def keys(*paths: Path) -> dict[str, str]:
    """{key below logs/: file name}"""
    sources = upload.find_sources(paths, DAY)
    return {source.key.removeprefix("logs/"): source.path.name for source in sources}


def landed(s3: BaseClient, settings: Settings) -> dict[str, bytes]:
    """{key: uncompressed content}"""
    return {
        entry["Key"]: gzip.decompress(
            s3.get_object(Bucket=settings.raw_bucket, Key=entry["Key"])["Body"].read()
        )
        for entry in aws.objects(s3, settings.raw_bucket, "")
    }


@pytest.fixture
def data(tmp_path: Path) -> Path:
    generate.generate(generate.Parameters(events=500, max_lines_per_file=50), tmp_path / "data")
    return tmp_path / "data" / "logs"


def expected(data: Path) -> dict[str, bytes]:
    return {f"logs/{path.relative_to(data)}.gz": path.read_bytes() for path in data.rglob("*.json")}


def test_lands_the_generated_layout_as_it_is(
    data: Path, s3: BaseClient, settings: Settings
) -> None:
    landing = upload.upload(upload.find_sources([data], DAY), s3, settings)
    assert landing.created_buckets == settings.buckets
    assert landing.landed == landing.keys
    assert landed(s3, settings) == expected(data)


def test_a_second_run_lands_nothing(data: Path, s3: BaseClient, settings: Settings) -> None:
    sources = upload.find_sources([data], DAY)
    first = upload.upload(sources, s3, settings)
    times = {o["Key"]: o["LastModified"] for o in aws.objects(s3, settings.raw_bucket, "")}
    second = upload.upload(sources, s3, settings)
    assert (second.landed, second.created_buckets) == ([], [])
    assert second.keys == first.keys
    assert {o["Key"]: o["LastModified"] for o in aws.objects(s3, settings.raw_bucket, "")} == times


def test_the_same_lines_give_the_same_object(
    tmp_path: Path, s3: BaseClient, settings: Settings
) -> None:
    """From a plain file and from a gzip of it, whose header has a name and a time."""
    write(tmp_path / "plain" / "a.json", '{"a": 1}\n' * 1000)
    (tmp_path / "packed").mkdir()
    with gzip.open(tmp_path / "packed" / "a.json.gz", "wb", compresslevel=1) as file:
        file.write(b'{"a": 1}\n' * 1000)
    upload.upload(upload.find_sources([tmp_path / "plain"], DAY), s3, settings)
    (before,) = aws.objects(s3, settings.raw_bucket, "")
    again = upload.upload(upload.find_sources([tmp_path / "packed"], DAY), s3, settings)
    assert again.landed == []
    s3.delete_object(Bucket=settings.raw_bucket, Key=before["Key"])
    upload.upload(upload.find_sources([tmp_path / "packed"], DAY), s3, settings)
    (after,) = aws.objects(s3, settings.raw_bucket, "")
    assert after["ETag"] == before["ETag"]


def test_other_content_is_refused_before_anything_is_landed(
    tmp_path: Path, s3: BaseClient, settings: Settings
) -> None:
    file = write(tmp_path / "a.json", '{"a": 1}\n')
    upload.upload(upload.find_sources([tmp_path], DAY), s3, settings)
    file.write_text('{"a": 2}\n')
    write(tmp_path / "b.json", '{"b": 1}\n')
    sources = upload.find_sources([tmp_path], DAY)
    with pytest.raises(click.ClickException, match=r"a\.json.* --replace"):
        upload.upload(sources, s3, settings)
    assert landed(s3, settings) == {"logs/ingest_date=2025-03-04/a.json.gz": b'{"a": 1}\n'}
    upload.upload(sources, s3, settings, replace=True)
    assert landed(s3, settings) == {
        "logs/ingest_date=2025-03-04/a.json.gz": b'{"a": 2}\n',
        "logs/ingest_date=2025-03-04/b.json.gz": b'{"b": 1}\n',
    }


def test_bad_lines_are_landed_untouched(tmp_path: Path, s3: BaseClient, settings: Settings) -> None:
    lines = b'{"a": 1}\n\n{"cut\n[ERROR] timed out\n\xff\xfe\r\n{"no line end": 1}'
    write(tmp_path / "bad.jsonl", lines)
    upload.upload(upload.find_sources([tmp_path], DAY), s3, settings)
    assert list(landed(s3, settings).values()) == [lines]


def test_keys_of_a_folder_of_ones_own(tmp_path: Path) -> None:
    for name in (
        "a.json",
        "b.ndjson.gz",
        "web/c.jsonl",
        "web/ingest_date=2024-12-31/d.json",
        "web/ingest_date=2024-12-31/eu/e.json.gz",
        "notes.txt",
        "_SUCCESS.json",
        ".hidden/f.json",
        "ground_truth.json",
    ):
        write(tmp_path / name, "{}")
    assert keys(tmp_path) == {
        "ingest_date=2025-03-04/a.json.gz": "a.json",
        "ingest_date=2025-03-04/b.json.gz": "b.ndjson.gz",
        "ingest_date=2025-03-04/web__c.json.gz": "c.jsonl",
        "ingest_date=2024-12-31/d.json.gz": "d.json",
        "ingest_date=2024-12-31/eu__e.json.gz": "e.json.gz",
    }
    # whichever way a dated file is named, it is the same object
    inner = tmp_path / "web" / "ingest_date=2024-12-31"
    assert keys(inner, inner / "d.json", tmp_path / "web") == {
        "ingest_date=2025-03-04/c.json.gz": "c.jsonl",
        "ingest_date=2024-12-31/d.json.gz": "d.json",
        "ingest_date=2024-12-31/eu__e.json.gz": "e.json.gz",
    }


@pytest.mark.parametrize(
    "names",
    [
        ("a.json", "a.ndjson"),
        ("a.json", "a.json.gz"),
        ("x/y.json", "x__y.json"),
        ("x/ingest_date=2025-01-01/a.json", "y/ingest_date=2025-01-01/a.json"),
    ],
)
def test_two_files_never_become_one_object(tmp_path: Path, names: tuple[str, str]) -> None:
    files = [write(tmp_path / name, "{}") for name in names]
    with pytest.raises(click.ClickException, match="would both become") as refusal:
        keys(tmp_path)
    assert all(str(file) in refusal.value.message for file in files)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.json", b"", "is empty"),
        ("a.json", b" \n\n", "is blank"),
        ("a.json.gz", b'{"a": 1}\n', "not a whole gzip file"),
        ("a.json.gz", gzip.compress(b'{"a": 1}\n' * 99999)[:-20], "not a whole gzip file"),
        ("a.json.gz", gzip.compress(b""), "is empty"),
        ("a.json", b"PAR1\x00\x00\x01", "is not UTF-8 text"),
        ("a.json", '{"a": "é"}\n'.encode("utf-16"), "is not UTF-8 text"),
        ("a.json", b"\xff\xfe\xfd", "is not UTF-8 text"),
        ("a.json", b'[{"a": 1},\n {"a": 2}]', "is one JSON value over all its lines"),
        ("a.json", b'{\n  "a": 1\n}\n', "is one JSON value over all its lines"),
    ],
)
def test_what_is_no_ndjson_is_named_before_anything_is_uploaded(
    tmp_path: Path, s3: BaseClient, settings: Settings, name: str, content: bytes, problem: str
) -> None:
    write(tmp_path / "0.json", '{"good": 1}\n')
    bad = write(tmp_path / name, content)
    with pytest.raises(click.ClickException) as refusal:
        upload.upload(upload.find_sources([tmp_path], DAY), s3, settings)
    assert str(bad) in refusal.value.message
    assert problem in refusal.value.message
    assert settings.raw_bucket not in [b["Name"] for b in s3.list_buckets()["Buckets"]]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("missing", "does not exist"),
        ("empty", "no .json, .ndjson, .jsonl file"),
        ("table.csv", "convert it to NDJSON"),
        ("_hidden.json", "Athena does not read"),
        ("ingest_date=2025-02-30/a.json", "is no date"),
    ],
)
def test_paths_that_cannot_be_taken_are_refused(tmp_path: Path, path: str, problem: str) -> None:
    (tmp_path / "empty").mkdir()
    for file in ("table.csv", "_hidden.json", "ingest_date=2025-02-30/a.json"):
        write(tmp_path / file, "{}")
    with pytest.raises(click.ClickException, match=re.escape(problem)):
        keys(tmp_path / path)


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
    sources = upload.find_sources([documents], DAY)
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
        assert landed(s3, settings) == {source.key: source.path.read_bytes() for source in sources}
    finally:
        mortal.down()
