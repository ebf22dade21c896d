"""An endpoint on a disk of a few megabytes: a tmpfs in a mount namespace of its own, for which no
root is needed where the kernel lets users have namespaces."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localaws import process
from localaws.process import Endpoint

TOOLS = ("unshare", "nsenter", "mount")
# It ends with its standard input, and the disk with it.
HOLD = 'mount -t tmpfs -o "size=$1,mode=0700" tmpfs "$2" && echo mounted && exec cat'
START = "import sys; from pathlib import Path; from localaws import process; process.start(Path(sys.argv[1]), port=0)"


class Unavailable(Exception):
    """Why there can be no such disk here."""


@dataclass(frozen=True)
class Disk:
    """`mount`: where it is inside the namespace of the process `holder`."""

    mount: Path
    holder: int

    @property
    def folder(self) -> Path:
        """As everybody else reaches it."""
        return Path(f"/proc/{self.holder}/root{self.mount}")

    def start_endpoint(self) -> Endpoint:
        enter = ("nsenter", f"--target={self.holder}", "--user", "--mount")
        command = (sys.executable, "-c", START, str(self.mount / "localaws"))
        subprocess.run([*enter, "--preserve-credentials", *command], check=True, cwd="/")
        endpoint = process.find(self.folder / "localaws")
        assert endpoint
        return endpoint

    def space(self) -> int:
        """Free bytes."""
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_frsize

    def leave(self, space: int) -> None:
        """Fill it up to so many free bytes."""
        self.free()
        with (self.folder / "ballast").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, self.space() - space)

    def free(self) -> None:
        (self.folder / "ballast").unlink(missing_ok=True)


@contextmanager
def small_disk(mount: Path, size: int) -> Iterator[Disk]:
    """A disk of `size` bytes on the folder `mount`. Raises Unavailable."""
    if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
        raise Unavailable(f"no {', '.join(missing)} here")
    with subprocess.Popen(
        [
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            HOLD,
            "-",
            str(size),
            mount,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as holder:
        if holder.stdout.readline() != "mounted\n":
            raise Unavailable(f"no mount namespace here: {holder.stderr.read().strip()}")
        disk = Disk(mount, holder.pid)
        try:
            yield disk
        finally:
            process.stop(disk.folder / "localaws")
            holder.stdin.close()
            holder.wait()
