from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localaws.moto_s3 import RecordingKeys
from localaws.objects import NoSuchBucket, NoSuchKey
from localaws.settings import objects_dir


@pytest.fixture
def bucket(store) -> str:
    store.create_bucket("logs")
    return "logs"


def body_files(context) -> list[Path]:
    return [path for path in objects_dir(context.data_dir).rglob("*") if path.is_file()]


def test_put_bytes_is_what_get_returns(store, bucket):
    put = store.put_bytes(bucket, "a/b.json", b"hello")
    got = store.get(bucket, "a/b.json")
    assert got == put
    assert (got.bucket, got.key, got.size) == (bucket, "a/b.json", 5)
    assert got.etag == hashlib.md5(b"hello").hexdigest()
    assert got.path.read_bytes() == b"hello"
    assert timedelta(0) <= datetime.now(UTC) - got.last_modified < timedelta(minutes=1)


def test_an_empty_object(store, bucket):
    assert store.put_bytes(bucket, "empty", b"").size == 0
    assert store.get(bucket, "empty").path.read_bytes() == b""


def test_put_file_moves_the_file(context, store, bucket):
    source = context.data_dir / "part.parquet"
    source.write_bytes(b"0123456789" * 1000)
    inode = source.stat().st_ino
    put = store.put_file(bucket, "t/part.parquet", source)
    assert not source.exists()
    assert put.path.stat().st_ino == inode
    assert (put.size, put.etag) == (10_000, hashlib.md5(b"0123456789" * 1000).hexdigest())


def test_put_file_into_no_bucket_leaves_the_file(context, store):
    source = context.data_dir / "part.parquet"
    source.write_bytes(b"x")
    with pytest.raises(NoSuchBucket):
        store.put_file("none", "k", source)
    assert source.read_bytes() == b"x"


def test_list_is_sorted_and_filtered_by_prefix(store, bucket):
    for key in ("b/2", "a", "b/10", "c"):
        store.put_bytes(bucket, key, b"x")
    assert [each.key for each in store.list(bucket)] == ["a", "b/10", "b/2", "c"]
    assert [each.key for each in store.list(bucket, "b/")] == ["b/10", "b/2"]


def test_what_is_not_there_is_a_lookup_error(store, bucket):
    with pytest.raises(NoSuchKey):
        store.get(bucket, "none")
    for ask in (store.list, lambda name: store.get(name, "k"), lambda name: store.delete(name, [])):
        with pytest.raises(NoSuchBucket) as error:
            ask("none")
        assert isinstance(error.value, LookupError)


def test_delete_removes_keys_and_their_files(context, store, bucket):
    for key in ("a", "b", "c"):
        store.put_bytes(bucket, key, key.encode())
    store.delete(bucket, ["a", "b", "never there"])
    assert [each.key for each in store.list(bucket)] == ["c"]
    assert [path.read_bytes() for path in body_files(context)] == [b"c"]


def test_overwriting_removes_the_old_file(context, store, bucket):
    old = store.put_bytes(bucket, "k", b"old")
    new = store.put_bytes(bucket, "k", b"new")
    assert old.path != new.path
    assert [path.read_bytes() for path in body_files(context)] == [b"new"]


def test_pinned_files_outlive_overwrite_and_delete(context, store, bucket):
    old = store.put_bytes(bucket, "k", b"old")
    with store.pinned():
        with store.pinned():
            store.put_bytes(bucket, "k", b"new")
            store.delete(bucket, ["k"])
        assert old.path.read_bytes() == b"old"
    assert body_files(context) == []


def test_a_pin_does_not_hold_what_was_gone_before_it(context, store, bucket):
    old = store.put_bytes(bucket, "k", b"old")
    first = store.pinned()
    first.__enter__()
    store.delete(bucket, ["k"])
    with store.pinned():
        first.__exit__(None, None, None)
        assert not old.path.exists()


def test_reopened_it_is_the_same(store, bucket, reopen):
    store.put_bytes(bucket, "gone", b"gone")
    kept = [store.put_bytes(bucket, f"k/{n}", b"x" * n) for n in range(3)]
    store.delete(bucket, ["gone"])
    again = reopen().store
    assert again.buckets() == [bucket]
    assert again.list(bucket) == kept


def test_a_file_that_no_row_names_goes_at_the_start(context, store, bucket, reopen):
    kept = store.put_bytes(bucket, "k", b"kept")
    kept.path.with_name(f"{kept.path.name[:2]}half-written").write_bytes(b"ha")
    reopen()
    assert body_files(context) == [kept.path]


def test_a_failed_write_leaves_the_old_object(store, bucket, reopen, monkeypatch):
    """The row is not committed: memory may be ahead, the next process is not."""
    store.put_bytes(bucket, "k", b"old")

    def disk_full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store._state, "write", disk_full)
    with pytest.raises(OSError, match="No space"):
        store.put_bytes(bucket, "k", b"new")
    assert reopen().store.get(bucket, "k").path.read_bytes() == b"old"


keys = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8
)
steps = st.lists(st.tuples(keys, st.none() | st.binary(max_size=20)), max_size=30)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_it_behaves_as_a_dict_does_also_after_a_restart(context, reopen, steps):
    store = context.store
    store.create_bucket("model")
    store.delete("model", [each.key for each in store.list("model")])
    model: dict[str, bytes] = {}
    for key, data in steps:
        if data is None:
            store.delete("model", [key])
            model.pop(key, None)
        else:
            store.put_bytes("model", key, data)
            model[key] = data
    for each in (store, (again := reopen()).store):
        found = {stored.key: stored.path.read_bytes() for stored in each.list("model")}
        assert found == model
    assert len(body_files(context)) == len(model)
    again.state.close()


@pytest.mark.parametrize("walk", ["items", "values", "lists"])
def test_a_listing_survives_the_removal_of_a_key_it_has_yet_to_reach(walk):
    keys = RecordingKeys()
    keys["a"], keys["b"] = 1, 2
    listing = iter(getattr(keys, walk)())
    next(listing)
    dict.pop(keys, "b")
    assert len(list(listing)) == 1
