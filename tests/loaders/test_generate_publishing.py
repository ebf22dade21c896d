"""A data set appears whole or not at all, and once; nobody else's files are touched."""

import fcntl
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from loaders import generate, ground_truth
from loaders.generate import Parameters
from tests.loaders.recount import assert_true, content

SMALL = Parameters(events=3_000, days=4, users=50, max_lines_per_file=700)


def test_a_second_run_does_nothing_and_other_parameters_rebuild(tmp_path: Path) -> None:
    out = tmp_path / "data"
    assert generate.generate(SMALL, out)[1]
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    truth, written = generate.generate(SMALL, out)
    assert not written
    assert truth == ground_truth.read(out / "ground_truth.json")
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == times

    fewer = Parameters(events=100, days=1, late=0)
    assert generate.generate(fewer, out)[1]
    assert_true(out, fewer)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_damaged_data_set_is_written_again(tmp_path: Path) -> None:
    out = tmp_path / "data"
    generate.generate(SMALL, out)
    before = content(out)
    victim = out / sorted(before)[0]
    victim.write_bytes(before[sorted(before)[0]][:-10])
    assert generate.generate(SMALL, out)[1]
    assert content(out) == before


@pytest.mark.parametrize("marker", [None, "{}", "not json"])
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, marker: str | None) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    if marker is not None:
        (tmp_path / "ground_truth.json").write_text(marker)
    with pytest.raises(click.ClickException, match=r"ground_truth\.json"):
        generate.generate(SMALL, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_file_that_somebody_put_into_the_data_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "data"
    generate.generate(SMALL, out)
    mine = out / "logs" / "mine.json"
    mine.write_text("{}")
    with pytest.raises(click.ClickException, match=r"mine\.json"):
        generate.generate(Parameters(events=10, late=0), out)
    assert mine.read_text() == "{}"
    assert_true_except_for(out, mine)


def assert_true_except_for(out: Path, foreign: Path) -> None:
    foreign.unlink()
    assert_true(out, SMALL)


def test_a_run_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "data"
    generate.generate(SMALL, out)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(ground_truth, "write", full_disk)
        with pytest.raises(OSError):
            generate.generate(Parameters(events=10, late=0), out)
    assert_true(out, SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_killed_run_leaves_no_half_data_set_and_its_scratch_is_cleared(tmp_path: Path) -> None:
    command = "import sys; from loaders.cli import main; main()"
    child = subprocess.Popen(
        [sys.executable, "-c", command, "generate", "--events", "5000000", "--out", "data"],
        cwd=tmp_path,
    )
    scratch = tmp_path / ".data.generating"
    try:
        while not list(scratch.glob("new/logs/*/part-*")):
            assert child.poll() is None
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert not (tmp_path / "data").exists()
    generate.generate(SMALL, tmp_path / "data")
    assert_true(tmp_path / "data", SMALL)
    assert not scratch.exists()


def test_two_runs_do_not_write_the_same_folder(tmp_path: Path) -> None:
    scratch = tmp_path / ".data.generating"
    scratch.mkdir()
    with (scratch / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(click.ClickException, match="another `uap generate`"):
            generate.generate(SMALL, tmp_path / "data")
