"""Which files an upload takes, and what their objects are called."""

import re
from datetime import date
from pathlib import Path

import click
import pytest

from loaders.sources import find_sources

DAY = date(2025, 3, 4)


def write(path: Path, content: bytes | str = "{}") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def keys(*paths: Path) -> dict[str, str]:
    """{name of the object below logs/: file name}"""
    return {
        (source.folder + source.name).removeprefix("logs/"): source.path.name
        for source in find_sources(paths, DAY)
    }


def test_keys_of_a_folder_of_ones_own(tmp_path: Path) -> None:
    for name in (
        "a.json",
        "b.ndjson.gz",
        "web/c.jsonl.zst",
        "web/ingest_date=2024-12-31/d.json",
        "web/ingest_date=2024-12-31/eu/e.json.gz",
        "notes.txt",
        "notes.gz",
        "_SUCCESS.json",
        ".hidden/f.json",
        "ground_truth.json",
    ):
        write(tmp_path / name)
    assert keys(tmp_path) == {
        "ingest_date=2025-03-04/a": "a.json",
        "ingest_date=2025-03-04/b": "b.ndjson.gz",
        "ingest_date=2025-03-04/web__c": "c.jsonl.zst",
        "ingest_date=2024-12-31/d": "d.json",
        "ingest_date=2024-12-31/eu__e": "e.json.gz",
    }
    # whichever way a dated file is named, it is the same object
    inner = tmp_path / "web" / "ingest_date=2024-12-31"
    assert keys(inner, inner / "d.json", tmp_path / "web") == {
        "ingest_date=2025-03-04/c": "c.jsonl.zst",
        "ingest_date=2024-12-31/d": "d.json",
        "ingest_date=2024-12-31/eu__e": "e.json.gz",
    }


def test_globs(tmp_path: Path) -> None:
    for name in (
        "web/a.json",
        "web/_b.json",
        "web/c.csv",
        "app/a.json",
        "ingest_date=2024-12-31/d.json",
        "ingest_date=2024-11-30/eu/e.json",
    ):
        write(tmp_path / name)
    assert keys(tmp_path / "web" / "*") == {"ingest_date=2025-03-04/a": "a.json"}
    assert keys(tmp_path / "*" / "a.json") == {
        "ingest_date=2025-03-04/web__a": "a.json",
        "ingest_date=2025-03-04/app__a": "a.json",
    }
    assert keys(tmp_path / "ingest_date=2024-1?-*") == {
        "ingest_date=2024-12-31/d": "d.json",
        "ingest_date=2024-11-30/eu__e": "e.json",
    }
    assert len(keys(tmp_path / "**" / "*.json")) == 4
    # a file whose name only looks like a glob
    write(tmp_path / "[1].json")
    assert keys(tmp_path / "[1].json") == {"ingest_date=2025-03-04/[1]": "[1].json"}


def test_what_has_no_date_gets_today_or_the_day_that_is_given(tmp_path: Path) -> None:
    write(tmp_path / "a.json")
    write(tmp_path / "ingest_date=2024-12-31" / "b.json")
    today, dated = sorted(find_sources([tmp_path], zone="shop"), key=lambda each: each.name)
    assert (today.is_dated, dated.is_dated) == (False, True)
    assert dated.folder == "shop/ingest_date=2024-12-31/"
    assert all(source.is_dated for source in find_sources([tmp_path], DAY))


@pytest.mark.parametrize(
    "names",
    [
        ("a.json", "a.ndjson"),
        ("a.json", "a.json.gz"),
        ("a.json.zst", "a.json.gz"),
        ("x/y.json", "x__y.json"),
        ("x/ingest_date=2025-01-01/a.json", "y/ingest_date=2025-01-01/a.json"),
    ],
)
def test_two_files_never_become_one_object(tmp_path: Path, names: tuple[str, str]) -> None:
    files = [write(tmp_path / name) for name in names]
    with pytest.raises(click.ClickException, match="would both become") as refusal:
        keys(tmp_path)
    assert all(str(file) in refusal.value.message for file in files)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("missing", "does not exist"),
        ("empty", "no .json, .ndjson, .jsonl, plain or as .gz or .zst"),
        ("table.csv", "convert it to NDJSON"),
        ("_hidden.json", "Athena does not read"),
        ("ingest_date=2025-02-30/a.json", "is no date"),
        ("*.parquet", "nothing matches"),
        ("*.csv", "no .json, .ndjson, .jsonl, plain or as .gz or .zst"),
    ],
)
def test_paths_that_cannot_be_taken_are_refused(tmp_path: Path, path: str, problem: str) -> None:
    (tmp_path / "empty").mkdir()
    for file in ("table.csv", "_hidden.json", "ingest_date=2025-02-30/a.json"):
        write(tmp_path / file)
    with pytest.raises(click.ClickException, match=re.escape(problem)):
        keys(tmp_path / path)
