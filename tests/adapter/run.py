"""Runs dbt-athena's own functional tests against a fresh localaws endpoint: `make test-adapter`.

The tests come from the adapter's source distribution, in the version (and with the hashes) of
requirements.lock. Prints the results per file. Exits 1 unless exactly the tests in expected.txt
fail. Options are passed on to pytest, e.g. `-k sample_mode`; the list is not checked then.
"""

import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict
from pathlib import Path

import boto3

from localaws import process

PROJECT = Path(__file__).parents[2]
CACHE = PROJECT / "target" / "test-adapter"
EXPECTED = Path(__file__).with_name("expected.txt")
BUCKET = "results"
WORKERS = "3"
OUTCOMES = ("passed", "failed", "skipped", "xfailed")


def suite() -> Path:
    """The folder of the unpacked source distribution, downloaded when it is not there yet."""
    lock = (PROJECT / "requirements.lock").read_text()
    pinned = re.search(r"^dbt-athena==(\S+)( \\\n +--hash=\S+)+", lock, re.MULTILINE)
    folder = CACHE / f"dbt_athena-{pinned[1]}"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        requirement = CACHE / "requirement.txt"
        requirement.write_text(pinned[0])
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        pip += ["--no-binary", "dbt-athena", "--dest", str(CACHE), "-r", str(requirement)]
        subprocess.run(pip, check=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as unpacked:
            with tarfile.open(f"{folder}.tar.gz") as archive:
                archive.extractall(unpacked, filter="data")
            (Path(unpacked) / folder.name).rename(folder)
    return folder


def environment(endpoint: process.Endpoint, sources: Path) -> dict[str, str]:
    settings = {
        "S3_STAGING_DIR": f"s3://{BUCKET}/staging/",
        "S3_TMP_TABLE_DIR": f"s3://{BUCKET}/tmp/",
        "REGION_NAME": endpoint.region,
        "DATABASE": "awsdatacatalog",
        "SCHEMA": "dbt",
        "WORK_GROUP": "primary",
        "THREADS": "1",
        "POLL_INTERVAL": "0.2",
        "NUM_RETRIES": "0",
    }
    # Nothing of this machine's own AWS configuration may take part.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        **endpoint.environment(),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **{f"DBT_TEST_ATHENA_{name}": value for name, value in settings.items()},
        "DO_NOT_TRACK": "1",
        "PYTHONPATH": str(sources),
    }


def run(sources: Path, report: Path, options: list[str]) -> None:
    """Runs the tests against an endpoint of their own; pytest's exit code tells nothing more
    than the report does."""
    with tempfile.TemporaryDirectory(prefix="test-adapter-") as folder:
        endpoint = process.start(Path(folder) / "localaws", port=0)
        try:
            variables = environment(endpoint, sources)
            boto3.client(
                "s3",
                endpoint_url=endpoint.url,
                region_name=endpoint.region,
                aws_access_key_id="test",
                aws_secret_access_key="test",
            ).create_bucket(Bucket=BUCKET)
            pytest = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no", "-q"]
            pytest += [
                "-n",
                WORKERS,
                "-o",
                "addopts=",
            ]
            pytest += [f"--junit-xml={report}", f"--basetemp={folder}/pytest", "--tb=short"]
            pytest += ["tests/functional/adapter", *options]
            subprocess.run(pytest, cwd=sources, env=variables, check=False)
        finally:
            process.stop(endpoint.data_dir)


def results(report: Path, sources: Path) -> dict[str, str]:
    """The outcome of each test, by its id; a file that cannot be read is a failed test."""
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        test = test_id(case.get("classname"), case.get("name"), sources)
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            outcome = "failed"
        elif skipped is not None:
            outcome = "xfailed" if skipped.get("type") == "pytest.xfail" else "skipped"
        else:
            outcome = "passed"
        # A test that passes and whose teardown fails is reported twice.
        found[test] = "failed" if found.get(test) == "failed" else outcome
    return found


def test_id(classname: str, name: str, sources: Path) -> str:
    """pytest's id: the report has dots for both slashes and colons, and for a file that cannot be
    read all of it is the name."""
    parts = classname.split(".") if classname else name.split(".")
    length = next(
        i
        for i in range(len(parts), 0, -1)
        if sources.joinpath(*parts[: i - 1], parts[i - 1] + ".py").exists()
    )
    file = "/".join(parts[:length]) + ".py"
    return "::".join([file, *parts[length:], *([name] if classname else [])])


def expected_failures() -> set[str]:
    lines = EXPECTED.read_text().splitlines()
    return {line.split("  # ")[0].strip() for line in lines if line and line[0] != "#"}


def print_table(found: dict[str, str]) -> None:
    files: dict[str, Counter] = defaultdict(Counter)
    for test, outcome in found.items():
        files[test.split("::")[0].removeprefix("tests/functional/adapter/")][outcome] += 1
    files = dict(sorted(files.items()))
    files["all"] = sum(files.values(), Counter())
    width = max(map(len, files))
    print(f"\n{'':{width}}", *(f"{outcome:>8}" for outcome in OUTCOMES))
    for file, counts in files.items():
        print(f"{file:{width}}", *(f"{counts[outcome] or '-':>8}" for outcome in OUTCOMES))


def main(options: list[str]) -> int:
    sources = suite()
    report = CACHE / "report.xml"
    report.unlink(missing_ok=True)
    began = time.monotonic()
    run(sources, report, options)
    found = results(report, sources)
    print_table(found)
    print(f"{time.monotonic() - began:.0f} s")
    failed = {test for test, outcome in found.items() if outcome == "failed"}
    expected = set() if options else expected_failures()
    for test in sorted(failed - expected):
        print(f"FAILED {test}")
    for test in sorted(expected - failed):
        print(f"STALE {test} is in {EXPECTED.name} and does not fail")
    return 1 if failed != expected or not found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
