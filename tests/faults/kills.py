"""SIGKILL between two requests of a command, or in the middle of a job."""

from __future__ import annotations

import signal
import subprocess
from dataclasses import replace

from tests.faults.lake import Lake, kill_group
from tests.faults.proxy import Kill, Proxy, Request


def kill_at(lake: Lake, number: int, done: bool, *command: str) -> Request | None:
    """Kill a command at the request of that number; None when it had ended before."""
    victims: list[subprocess.Popen[str]] = []
    killed: list[Request] = []

    def plan(request: Request) -> Kill | None:
        if len(chaos.seen) != number:
            return None
        killed.append(request)
        return Kill(lambda: kill_group(victims[0].pid), done)

    with Proxy(lake.endpoint.url, plan) as chaos:
        with replace(lake, url=chaos.url).running(*command) as process:
            victims.append(process)
            output, errors = process.communicate(timeout=120)
    assert process.returncode == (-signal.SIGKILL if killed else 0), output + errors
    return killed[0] if killed else None
