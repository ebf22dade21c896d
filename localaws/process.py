"""Starting, finding and stopping the endpoint's process.

The lock that the process holds on `<data_dir>/lock` says whether one runs; the files beside it
only describe it, and a killed process leaves them behind.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from localaws.settings import DEFAULT_PORT, DEFAULT_REGION, HOST

FORMAT = 1  # of the data directory; a later one is refused
READY = "ready"
START_TIMEOUT = 60  # seconds
LOG_TAIL = 15  # lines
LOG_LIMIT = 10_000_000  # bytes, then a new log is begun

ENDPOINT_FILE = "endpoint.json"
LOG_FILE = "localaws.log"
MARKER_FILE = "localaws.json"
LOCK_FILE = "lock"
CONTROL_LOCK_FILE = "control.lock"


class UserError(Exception):
    """One line for the user, with a next step."""


@dataclass(frozen=True)
class Endpoint:
    """A running endpoint. started_at: epoch seconds."""

    data_dir: Path
    pid: int
    port: int
    region: str
    started_at: float

    @classmethod
    def of_this_process(cls, data_dir: Path, port: int, region: str) -> Endpoint:
        return cls(data_dir, os.getpid(), port, region, time.time())

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        return self.data_dir / LOG_FILE

    def environment(self) -> dict[str, str]:
        """What an AWS SDK needs to find the endpoint."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "localaws",
            "AWS_SECRET_ACCESS_KEY": "localaws",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }

    def publish(self) -> None:
        fields = asdict(self)
        del fields["data_dir"]
        _write_atomically(self.data_dir / ENDPOINT_FILE, json.dumps(fields))

    def withdraw(self) -> None:
        (self.data_dir / ENDPOINT_FILE).unlink(missing_ok=True)


def find(data_dir: Path) -> Endpoint | None:
    """The endpoint that serves a data directory, None when none does (or it is still starting)."""
    data_dir = data_dir.absolute()
    if not _is_locked(data_dir / LOCK_FILE):
        return None
    try:
        return Endpoint(data_dir, **json.loads((data_dir / ENDPOINT_FILE).read_text()))
    except FileNotFoundError:
        return None


def start(data_dir: Path, port: int | None = None, region: str | None = None) -> Endpoint:
    """Start the endpoint in the background, in a session of its own, and wait until it answers.

    One that already serves the data directory is returned as it is. port: 0 picks a free one.
    Raises UserError.
    """
    data_dir = data_dir.absolute()
    _prepare(data_dir)
    with _locked(data_dir / CONTROL_LOCK_FILE):
        running = find(data_dir)
        if running:
            if port not in (None, 0, running.port) or region not in (None, running.region):
                raise UserError(
                    f"{data_dir} is already served on {running.url} in {running.region}."
                    f" Stop that first: localaws down --data-dir {data_dir}"
                )
            return running
        _start_process(data_dir, DEFAULT_PORT if port is None else port, region)
        started = find(data_dir)
        if not started:
            raise UserError(f"The endpoint stopped as soon as it had started; see {LOG_FILE}.")
        return started


def stop(data_dir: Path) -> Endpoint | None:
    """Stop the endpoint, which finishes its running requests first; None when none ran."""
    data_dir = data_dir.absolute()
    if not data_dir.is_dir():
        return None
    with _locked(data_dir / CONTROL_LOCK_FILE):
        return _stop(data_dir)


def wipe(data_dir: Path) -> Endpoint | None:
    """Stop the endpoint and delete everything in its data directory. Raises UserError."""
    data_dir = data_dir.absolute()
    if not data_dir.is_dir():
        return None
    if not (data_dir / MARKER_FILE).exists():
        raise UserError(f"{data_dir} is not a localaws data directory; nothing was deleted.")
    with _locked(data_dir / CONTROL_LOCK_FILE):
        stopped = _stop(data_dir)
        # The marker last: a wipe that was interrupted can be repeated.
        for entry in sorted(data_dir.iterdir(), key=lambda path: path.name == MARKER_FILE):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        return stopped


@contextmanager
def holding(data_dir: Path, region: str | None) -> Iterator[str]:
    """Hold a data directory for this process; yields its region (`region`, its own, the default).

    Raises UserError when another process holds it, it belongs to something else, or its region or
    format is another.
    """
    _prepare(data_dir)
    with (data_dir / LOCK_FILE).open("a+") as lock:
        if not _take(lock):
            raise UserError(
                f"{data_dir} is in use by another localaws (pid {_pid(data_dir)})."
                " Stop it with 'localaws down', or choose another --data-dir."
            )
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        (data_dir / ENDPOINT_FILE).unlink(missing_ok=True)
        yield _mark(data_dir, region)


def wait_until_free(data_dir: Path) -> None:
    """Return when no process holds the data directory any more."""
    with (data_dir / LOCK_FILE).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


def _start_process(data_dir: Path, port: int, region: str | None) -> None:
    log = data_dir / LOG_FILE
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    command = [sys.executable, "-m", "localaws", "up", "--foreground"]
    command += ["--data-dir", str(data_dir), "--port", str(port)]
    command += ["--region", region] if region else []
    receive, send = os.pipe()
    with os.fdopen(receive) as answer, log.open("a") as output:
        child = subprocess.Popen(
            [*command, "--ready-fd", str(send)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[send],
            start_new_session=True,
        )
        os.close(send)
        message = _read_to_end(answer)
    if message == READY:
        return
    if message is None:
        child.kill()
    child.wait()
    if message:
        raise UserError(message)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-LOG_TAIL:])
    raise UserError(f"The endpoint did not start. The end of {log}:\n{tail}")


def _read_to_end(answer: IO[str]) -> str | None:
    """What the child says before it closes its end; None when it says nothing for too long."""
    readable, _, _ = select.select([answer], [], [], START_TIMEOUT)
    return answer.read() if readable else None


def _stop(data_dir: Path) -> Endpoint | None:
    if not _is_locked(data_dir / LOCK_FILE):
        return None
    running = find(data_dir) or Endpoint(data_dir, _pid(data_dir), 0, "", 0.0)
    os.kill(running.pid, signal.SIGTERM)
    wait_until_free(data_dir)
    return running


def _pid(data_dir: Path) -> int:
    """Of the process that holds the lock: it writes its pid as soon as it has it."""
    return int((data_dir / LOCK_FILE).read_text())


def _take(lock: IO[str]) -> bool:
    """Try more than once: whoever asks `_is_locked` has the lock for a moment."""
    for _ in range(10):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return True
    return False


def _is_locked(path: Path) -> bool:
    try:
        with path.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (FileNotFoundError, NotADirectoryError):
        return False
    return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock file, waiting for it; made again when it was wiped away meanwhile."""
    while True:
        with path.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists() and path.stat().st_ino == os.fstat(lock.fileno()).st_ino:
                yield
                return


def _prepare(data_dir: Path) -> None:
    """Make the directory, or refuse one that holds something else."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        names = {entry.name for entry in data_dir.iterdir()}
    except OSError as error:
        raise UserError(
            f"Cannot use {data_dir}: {error.strerror}. Choose another --data-dir."
        ) from None
    if names - {LOCK_FILE, CONTROL_LOCK_FILE, LOG_FILE} and MARKER_FILE not in names:
        raise UserError(
            f"{data_dir} is not empty and not a localaws data directory. Choose another --data-dir."
        )


def _mark(data_dir: Path, region: str | None) -> str:
    """Write the data directory's marker, or check it; its region."""
    marker = data_dir / MARKER_FILE
    if not marker.exists():
        fields = {"format": FORMAT, "region": region or DEFAULT_REGION}
        _write_atomically(marker, json.dumps(fields))
    fields = json.loads(marker.read_text())
    if fields["format"] != FORMAT:
        raise UserError(
            f"{data_dir} was written by another version of localaws (format {fields['format']},"
            f" not {FORMAT}). Choose another --data-dir."
        )
    if region not in (None, fields["region"]):
        raise UserError(
            f"{data_dir} belongs to region {fields['region']}, not {region}."
            " Leave --region out, or choose another --data-dir."
        )
    return fields["region"]


def _write_atomically(path: Path, text: str) -> None:
    draft = path.with_suffix(".tmp")
    draft.write_text(text)
    draft.replace(path)
