"""SIGKILL between two requests of a command, in the middle of a job, or to the endpoint."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from localaws import process
from tests.faults.lake import FINAL, HANGS, Lake, error_of, job_processes, kill_group, wait_until
from tests.faults.proxy import Kill, Proxy, Request

Is = Callable[[Request], bool]


def nth(number: int) -> Is:
    """The request of that number, from 1, whichever it is."""
    lock, seen = threading.Lock(), [0]

    def is_it(_: Request) -> bool:
        with lock:
            seen[0] += 1
            return seen[0] == number

    return is_it


def command_at(lake: Lake, is_it: Is, done: bool, *command: str) -> Request | None:
    """Kill a command at the first request that is it, before or after the endpoint has `done` it;
    None when there was no such request, and then the command must have succeeded."""
    victims: list[int] = []
    with Proxy(lake.endpoint.url, _once(is_it, done, lambda: kill_group(victims[0]))) as chaos:
        with replace(lake, url=chaos.url).running(*command) as running:
            victims.append(running.pid)
            output, errors = running.communicate(timeout=HANGS)
        killed = chaos.killed_at
    assert running.returncode == (-signal.SIGKILL if killed else 0), output + errors
    return killed


def endpoint_at(lake: Lake, is_it: Is, done: bool, *command: str) -> Request | None:
    """Kill the endpoint, and its job with it, at a request; start it again when the command has
    ended: with one line that says so, or without having needed it any more."""
    plan = _once(is_it, done, lambda: kill_endpoint(lake))
    with Proxy(lake.endpoint.url, plan) as chaos:
        ended = replace(lake, url=chaos.url).run(*command)
        killed = chaos.killed_at
    if killed:
        end = time.monotonic() + HANGS
        while job_processes(lake.endpoint):
            assert time.monotonic() < end, "a job outlives its endpoint"
            time.sleep(0.05)
        restart_endpoint(lake)
        assert not [run for run in lake.job_runs() if run["JobRunState"] not in FINAL]
    if ended.returncode:
        assert killed
        assert "cannot reach" in error_of(ended)
    return killed


def job_after(lake: Lake, seconds: float, *command: str) -> bool:
    """Kill all of the job run's processes so long after they have started; False when the job
    ended before, and then the command must have succeeded."""
    with lake.running(*command) as running:
        killed: set[int] = set()
        if wait_until(lambda: job_processes(lake.endpoint), during=running):
            time.sleep(seconds)
            killed = {group for group, _ in job_processes(lake.endpoint)}
            for leader in killed:
                kill_group(leader)
        output, errors = running.communicate(timeout=HANGS)
    ended = subprocess.CompletedProcess(command, running.returncode, output, errors)
    if ended.returncode:
        assert killed
        error_of(ended)
        assert lake.job_runs()[0]["JobRunState"] == "FAILED"
    return bool(killed) and bool(ended.returncode)


def kill_endpoint(lake: Lake) -> None:
    running = process.find(lake.endpoint.data_dir)
    assert running
    os.kill(running.pid, signal.SIGKILL)
    process.wait_until_free(lake.endpoint.data_dir)


def restart_endpoint(lake: Lake) -> None:
    """It serves the same data on the same port again."""
    process.start(lake.endpoint.data_dir, lake.endpoint.port)


def count_requests(lake: Lake, *command: str) -> int:
    """Of a command that succeeds."""
    with Proxy(lake.endpoint.url) as proxy:
        replace(lake, url=proxy.url).succeed(*command)
    return len(proxy.seen)


def _once(is_it: Is, done: bool, victim: Callable[[], None]) -> Callable[[Request], Kill | None]:
    lock, over = threading.Lock(), []

    def plan(request: Request) -> Kill | None:
        with lock:
            if over or not is_it(request):
                return None
            over.append(request)
        return Kill(victim, done)

    return plan
