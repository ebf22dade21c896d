"""What every part of the endpoint agrees on: account, defaults, the data directory's layout."""

from __future__ import annotations

from pathlib import Path

ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"
DEFAULT_PORT = 4577
DEFAULT_DATA_DIR = Path(".localaws")
HOST = "127.0.0.1"


def objects_dir(data_dir: Path) -> Path:
    """Object bodies, one immutable file an object version."""
    return data_dir / "objects"


def state_file(data_dir: Path) -> Path:
    """Everything but the bodies: an SQLite database."""
    return data_dir / "state.db"


def tmp_dir(data_dir: Path) -> Path:
    """Scratch space on the same file system as the objects; emptied at every start."""
    return data_dir / "tmp"
