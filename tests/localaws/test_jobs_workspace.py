"""The copy of S3 that a job run works in: what reaches the store, and what must not."""

from pathlib import Path

import pytest

from localaws.jobs import runner, workspace
from localaws.objects import ObjectStore

BUCKET = "lake"


@pytest.fixture
def root(context, tmp_path: Path) -> Path:
    context.store.create_bucket(BUCKET)
    return tmp_path / "run"


def content(store: ObjectStore) -> dict[str, bytes]:
    return {each.key: each.path.read_bytes() for each in store.list(BUCKET)}


def test_what_a_run_writes_changes_and_deletes(store: ObjectStore, root: Path) -> None:
    for key in ("same", "a/changed", "a/gone", "a/replaced"):
        store.put_bytes(BUCKET, key, b"old")
    before = {each.key: each for each in store.list(BUCKET)}
    space, left_out = workspace.stage(store, root)
    folder = root / BUCKET
    assert (folder / "a/changed").read_bytes() == b"old"

    (folder / "a/changed").write_bytes(b"new")  # in place, of the same size
    (folder / "a/gone").unlink()
    (folder / "a/replaced").unlink()
    (folder / "a/replaced").write_bytes(b"another")
    (folder / "b/c").mkdir(parents=True)
    (folder / "b/c/added").write_bytes(b"added")
    (folder / "empty").mkdir()
    assert content(store)["a/changed"] == b"old", "the store's own file was written"

    assert workspace.take_back(space, store) == 4
    assert left_out == []
    assert content(store) == {
        "same": b"old",
        "a/changed": b"new",
        "a/replaced": b"another",
        "b/c/added": b"added",
    }
    assert store.get(BUCKET, "same") == before["same"], "an untouched object was written again"


def test_nothing_to_do(store: ObjectStore, root: Path) -> None:
    store.put_bytes(BUCKET, "a/b", b"x")
    space, _ = workspace.stage(store, root)
    assert workspace.take_back(space, store) == 0


def test_what_is_kept_while_writing_stays_out(store: ObjectStore, root: Path) -> None:
    space, _ = workspace.stage(store, root)
    for name in (
        "t/_temporary/0/part-0",
        "t/.spark-staging-1f/d=1/part-0",
        "t/.part-0.parquet.crc",
        "t/part-0.parquet",
        "t/_SUCCESS",
        "t/notes.crc",
    ):
        path = root / BUCKET / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    workspace.take_back(space, store)
    assert list(content(store)) == ["t/_SUCCESS", "t/notes.crc", "t/part-0.parquet"]


def test_objects_of_such_names_are_not_deleted(store: ObjectStore, root: Path) -> None:
    keys = {"_temporary/x", "t/.hidden.crc", "sums.crc"}
    for key in keys:
        store.put_bytes(BUCKET, key, b"mine")
    space, _ = workspace.stage(store, root)
    assert workspace.take_back(space, store) == 0
    assert set(content(store)) == keys


def test_keys_that_are_no_file_names_are_named_and_left_alone(
    store: ObjectStore, root: Path
) -> None:
    odd = ["a//b", "a/../b", "./c", "folder/", "x:y", "n" * 256, "plain/below"]
    for key in ["plain", *odd]:
        store.put_bytes(BUCKET, key, b"1")
    before = content(store)
    space, left_out = workspace.stage(store, root)
    assert sorted(left_out) == sorted(f"s3://{BUCKET}/{key}" for key in odd)
    assert workspace.take_back(space, store) == 0
    assert content(store) == before


def test_what_others_wrote_meanwhile_stays(store: ObjectStore, root: Path) -> None:
    for key in ("untouched", "deleted"):
        store.put_bytes(BUCKET, key, b"old")
    space, _ = workspace.stage(store, root)
    for key in ("untouched", "deleted", "theirs"):
        store.put_bytes(BUCKET, key, b"theirs")
    (root / BUCKET / "deleted").unlink()
    workspace.take_back(space, store)
    assert content(store) == dict.fromkeys(("untouched", "deleted", "theirs"), b"theirs")


def test_a_bucket_that_vanished_is_an_error(context, root: Path) -> None:
    store = context.store
    space, _ = workspace.stage(store, root)
    (root / BUCKET / "new").write_bytes(b"x")
    with store.mutation(BUCKET):
        del store._backend.buckets[BUCKET]
    with pytest.raises(LookupError, match=BUCKET):
        workspace.take_back(space, store)


TRACEBACK = 'Traceback (most recent call last):\n  File "s.py", line 1, in <module>\n'


@pytest.mark.parametrize(
    ("log", "message"),
    [
        (TRACEBACK + "ValueError: no: such thing\n", "ValueError: no: such thing"),
        (TRACEBACK + "KeyboardInterrupt\n", "KeyboardInterrupt"),
        ("step: 1\nflatten: nothing to read\n", "flatten: nothing to read"),
        (TRACEBACK + "KeyError: 'a'\nInfo: closing\n", "KeyError: 'a'"),
        (
            TRACEBACK + "KeyError: 'a'\n\nDuring handling of the above exception, another:\n\n"
            f"{TRACEBACK}RuntimeError: b\n",
            "RuntimeError: b",
        ),
        (
            f"{TRACEBACK}py4j.protocol.Py4JJavaError: An error occurred while calling o9.save.\n"
            ": org.apache.spark.SparkException: Job aborted.\n\tat org.apache.Some(A.scala:1)\n"
            "Caused by: java.io.IOException: disk\n\t... 9 more\n"
            "26/11/22 17:08:23 WARN ShutdownHook: Gone\n",
            "py4j.protocol.Py4JJavaError: An error occurred while calling o9.save.",
        ),
        (
            "out of words\n26/11/22 17:08:23 WARN ShutdownHook: java.io.IOException: x\n\tat a.b(C)\n",
            "out of words",
        ),
        (
            "\tat a.b(C)\nCaused by: java.io.IOException: No space left on device\n"
            "\t... 45 more\n\nDriver stacktrace:\n\tat a.b(C)\n",
            "Caused by: java.io.IOException: No space left on device",
        ),
        ("", "the script ended without a word"),
    ],
)
def test_error_message(log: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text(log)
    assert runner.error_message(path) == message


@pytest.mark.parametrize(
    ("conf", "settings"),
    [
        ("", {}),
        ("spark.a=1", {"spark.a": "1"}),
        ("spark.a=x=y --conf spark.b=two words", {"spark.a": "x=y", "spark.b": "two words"}),
    ],
)
def test_conf_argument(conf: str, settings: dict[str, str]) -> None:
    assert runner.settings_of(conf) == settings
