"""What a person sees while they wait. It goes to stderr: stdout is for answers."""

from contextlib import AbstractContextManager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

stdout = Console(soft_wrap=True, highlight=False, markup=False)
stderr = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


def progress() -> Progress:
    """A bar that goes away when it is done; none where nobody watches."""
    return Progress(console=stderr, transient=True, disable=not stderr.is_terminal)


def waiting(title: str) -> AbstractContextManager[object]:
    """A spinner with a clock, for work elsewhere that tells no percentage."""
    bar = progress()
    bar.add_task(title, total=None)
    return bar


def transfer() -> Progress:
    """A bar that counts bytes, with their rate and the time that is left."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal)
