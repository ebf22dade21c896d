"""`localaws up | down | status | env`, as a person types them and as a machine breaks them."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localaws import process


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "localaws", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.fixture
def data_dir(tmp_path):
    data_dir = tmp_path / "a data dir"
    yield data_dir
    process.stop(data_dir)


def one_line(text: str) -> str:
    (line,) = text.splitlines()
    return line


def test_a_life(data_dir, connect):
    up = run("up", "--port", "0", "--data-dir", data_dir)
    endpoint = process.find(data_dir)
    assert (up.returncode, up.stderr) == (0, "")
    for shown in ("Started.", endpoint.url, str(data_dir), str(endpoint.log), "localaws env"):
        assert shown in up.stdout

    connect(endpoint, "s3").create_bucket(Bucket="logs")
    status = run("status", "--data-dir", data_dir)
    assert status.returncode == 0
    for shown in (endpoint.url, str(endpoint.pid), "1 buckets, 0 objects"):
        assert shown in status.stdout

    again = run("up", "--data-dir", data_dir)
    assert again.returncode == 0
    assert "Already running" in again.stdout
    assert process.find(data_dir) == endpoint

    down = run("down", "--data-dir", data_dir)
    assert (down.returncode, down.stdout) == (0, f"Stopped (pid {endpoint.pid}).\n")
    assert not (data_dir / "endpoint.json").exists()
    assert run("status", "--data-dir", data_dir).returncode == 3
    down = run("down", "--data-dir", data_dir)
    assert (down.returncode, down.stdout) == (0, "Nothing was running.\n")


def test_env_is_what_a_shell_and_a_program_need(fresh_endpoint):
    data_dir = fresh_endpoint.data_dir
    ask = shlex.join([sys.executable, "-m", "localaws", "env", "--data-dir", str(data_dir)])
    shown = subprocess.run(
        ["sh", "-c", f'eval "$({ask})" && env'],
        env={**os.environ, "AWS_PROFILE": "mine", "AWS_SESSION_TOKEN": "old"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert f"AWS_ENDPOINT_URL={fresh_endpoint.url}" in shown
    assert "AWS_REGION=us-east-1" in shown
    assert not [line for line in shown if line.startswith(("AWS_PROFILE", "AWS_SESSION_TOKEN"))]
    as_json = run("env", "--data-dir", data_dir, "--format", "json").stdout
    assert json.loads(as_json) == fresh_endpoint.environment()


def test_env_without_an_endpoint_leaves_the_shell_alone(data_dir):
    shown = run("env", "--data-dir", data_dir)
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "localaws up --data-dir" in one_line(shown.stderr)
    assert not data_dir.exists()


def test_a_port_that_is_taken(data_dir):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        up = run("up", "--port", str(port), "--data-dir", data_dir)
    assert (up.returncode, up.stdout) == (1, "")
    assert f"Port {port} is taken" in one_line(up.stderr)
    assert "--port" in up.stderr
    assert process.find(data_dir) is None


def test_another_port_or_region_for_a_served_data_directory(fresh_endpoint):
    data_dir = fresh_endpoint.data_dir
    for option in (("--port", "4999"), ("--region", "eu-west-1")):
        up = run("up", "--data-dir", data_dir, *option)
        assert up.returncode == 1
        assert fresh_endpoint.url in one_line(up.stderr)


def test_a_data_directory_that_another_process_holds(data_dir):
    data_dir.mkdir()
    with (data_dir / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(str(os.getpid()))
        lock.flush()
        up = run("up", "--port", "0", "--data-dir", data_dir)
        assert up.returncode == 1
        assert f"in use by another localaws (pid {os.getpid()})" in one_line(up.stderr)


def test_a_region_is_the_data_directorys(data_dir, connect):
    with pytest.raises(process.UserError, match="no region mars-1"):
        process.start(data_dir, port=0, region="mars-1")
    endpoint = process.start(data_dir, port=0, region="eu-central-1")
    connect(endpoint, "glue").create_database(DatabaseInput={"Name": "lake"})
    process.stop(data_dir)
    with pytest.raises(process.UserError, match="belongs to region eu-central-1"):
        process.start(data_dir, port=0, region="us-east-1")
    endpoint = process.start(data_dir, port=0)
    assert endpoint.region == "eu-central-1"
    databases = connect(endpoint, "glue").get_databases()["DatabaseList"]
    assert [each["Name"] for each in databases] == ["default", "lake"]


def test_what_a_killed_process_leaves_is_not_an_endpoint(fresh_endpoint):
    data_dir = fresh_endpoint.data_dir
    os.kill(fresh_endpoint.pid, signal.SIGKILL)
    process.wait_until_free(data_dir)
    stale = json.loads((data_dir / "endpoint.json").read_text())
    # Not even when another process has its pid by now.
    (data_dir / "endpoint.json").write_text(json.dumps({**stale, "pid": os.getpid()}))
    assert process.find(data_dir) is None
    assert run("status", "--data-dir", data_dir).returncode == 3
    assert process.stop(data_dir) is None
    started = process.start(data_dir, port=0)
    assert started.pid not in (fresh_endpoint.pid, os.getpid())


def test_two_ups_at_once_start_one(data_dir):
    with ThreadPoolExecutor(3) as pool:
        ups = list(pool.map(lambda _: run("up", "--port", "0", "--data-dir", data_dir), range(3)))
    assert [up.returncode for up in ups] == [0, 0, 0]
    endpoint = process.find(data_dir)
    assert all(endpoint.url in up.stdout for up in ups)
    assert (data_dir / "localaws.log").read_text().count("serving") == 1


def test_a_start_that_fails_shows_the_log(data_dir):
    process.start(data_dir, port=0)
    process.stop(data_dir)
    (data_dir / "state.db").write_bytes(b"this is not a database" * 100)
    up = run("up", "--port", "0", "--data-dir", data_dir)
    assert up.returncode == 1
    assert "did not start" in up.stderr
    assert "file is not a database" in up.stderr


def test_stopping_lets_a_running_request_finish(fresh_endpoint):
    """The body's second half is sent only when the endpoint has begun to stop."""
    body = os.urandom(100_000)
    head = (
        "PUT /logs{} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=k/20250101/us-east-1/s3/aws4_request\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", fresh_endpoint.port)) as connection:
        connection.sendall(head.format("", 0).encode())
        assert b"200 OK" in connection.recv(10_000)
        connection.sendall(head.format("/k", len(body)).encode() + body[:50_000])
        stopping = threading.Thread(target=process.stop, args=[fresh_endpoint.data_dir])
        stopping.start()
        with fresh_endpoint.log.open() as log:
            while "stopping" not in log.read():
                assert stopping.is_alive()
        time.sleep(0.5)  # for a process that would not wait to be gone
        connection.sendall(body[50_000:])
        assert b"200 OK" in connection.recv(10_000)
        stopping.join()
    assert process.find(fresh_endpoint.data_dir) is None


def test_idle_connections_do_not_hold_up_the_stop(fresh_endpoint):
    with socket.create_connection(("127.0.0.1", fresh_endpoint.port)) as connection:
        connection.sendall(b"GET /_localaws/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in connection.recv(10_000)
        process.stop(fresh_endpoint.data_dir)
        assert connection.recv(10_000) == b""
    assert "stopped" in fresh_endpoint.log.read_text()


def test_wipe_empties_the_data_directory(fresh_endpoint, connect):
    s3 = connect(fresh_endpoint, "s3")
    s3.create_bucket(Bucket="logs")
    s3.put_object(Bucket="logs", Key="k", Body=b"x")
    data_dir = fresh_endpoint.data_dir
    assert run("down", "--wipe", "--data-dir", data_dir).returncode == 0
    assert list(data_dir.iterdir()) == []
    s3 = connect(process.start(data_dir, port=0), "s3")
    assert s3.list_buckets()["Buckets"] == []


def test_a_directory_of_something_else_is_left_alone(tmp_path):
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    for command in (["up", "--port", "0"], ["down", "--wipe"]):
        refused = run(*command, "--data-dir", tmp_path)
        assert refused.returncode == 1
        assert "not a localaws data directory" in one_line(refused.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_a_data_directory_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    for path in ("file", "file/below"):
        up = run("up", "--port", "0", "--data-dir", tmp_path / path)
        assert up.returncode == 1
        assert "Choose another --data-dir" in one_line(up.stderr)


def test_the_process_writes_only_into_its_data_directory(tmp_path, monkeypatch, connect):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(elsewhere))
    endpoint = process.start(tmp_path / "data", port=0)
    try:
        s3, glue = connect(endpoint, "s3"), connect(endpoint, "glue")
        s3.create_bucket(Bucket="logs")
        s3.put_object(Bucket="logs", Key="k", Body=os.urandom(20_000_000))
        glue.create_database(DatabaseInput={"Name": "lake"})
        connect(endpoint, "sts").get_caller_identity()
        connect(endpoint, "iam").list_policies()
    finally:
        process.stop(endpoint.data_dir)
    assert list(elsewhere.iterdir()) == []
