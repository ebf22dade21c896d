"""The whole pipeline in one go: what `uap demo` runs."""

import shutil
import subprocess
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from botocore.client import BaseClient

from loaders import (
    aws,
    conservation,
    console,
    crawl,
    flatten,
    generate,
    local,
    raw_zone,
    report,
    upload,
)
from loaders.settings import LOGS, USERS, Settings

ROOT = Path(__file__).parents[1]
# The data set that the marts were last built from.
STATE = "_state/demo.json"


def demo(parameters: generate.Parameters, out: Path) -> None:
    """Raises click.ClickException when a step fails or the mart is not the ground truth."""
    started = time.monotonic()
    with _step("Endpoint"):
        _say(local.use_endpoint())
    settings = Settings.load()
    s3, glue, athena = (aws.client(name, settings) for name in ("s3", "glue", "athena"))

    with _step("Generate"):
        truth, written = generate.generate(parameters, out)
        _say(f"{truth['documents']:,} lines {'written to' if written else 'are already in'} {out}")

    with _step("Upload"):
        # On AWS what was landed stays; here the demo may have another data set than before.
        landings = [
            upload.upload(
                upload.find_sources([out / source], None, source),
                s3,
                settings,
                replace=aws.is_local(s3),
            )
            for source in (LOGS, USERS)
        ]
        landed = sum(len(landing.landed) for landing in landings)
        removed = _remove_others(s3, settings, {key for each in landings for key in each.keys})
        _say(f"{landed} objects landed, {removed} of other data removed")

    built_from = aws.read_json(s3, settings.artifacts_bucket, STATE)
    unchanged = not landed and not removed and built_from == truth["parameters"]

    raw_sources = raw_zone.sources(s3, settings)
    with _step("Crawl"):
        if unchanged:
            _say("nothing new")
        else:
            for title, news in crawl.crawl(s3, glue, settings, raw_sources):
                _say(f"{title}: {'; '.join(news)}")

    with _step("Flatten"):
        # Of another data set nothing may stay, also when its demo was killed on the way.
        other = built_from != truth["parameters"]
        scope = flatten.Scope(every=other, rebuild=other)
        run = flatten.flatten(s3, glue, athena, settings, scope=scope)
        _say(conservation.in_words(run.totals) if run else "nothing new")

    with _step("dbt build"):
        # Incremental models keep what they have: events of another data set must go.
        full_refresh = not unchanged or run is not None
        _dbt_build(full_refresh, user_profiles="users" in raw_sources)
        aws.write_json(s3, settings.artifacts_bucket, STATE, truth["parameters"])

    with _step("Report"):
        mart = report.read_mart(glue, athena, settings)
        report.check(mart, truth, flatten.DROPPED_BY_DEFAULT)

    console.stdout.print(
        f"\nThe whole pipeline took {time.monotonic() - started:.0f} s. The endpoint stays up:\n"
        "  source .venv/bin/activate  have uap and dbt in this shell\n"
        '  eval "$(uap local env)"    point it at the endpoint\n'
        "  dbt build                  build and test the models again\n"
        "  dbt docs generate && dbt docs serve    read the models and their lineage\n"
        "  uap local down             stop it; `uap demo` starts it again"
    )


def _remove_others(s3: BaseClient, settings: Settings, keys: Collection[str]) -> int:
    """The demo's raw zone holds its data set and nothing else; but AWS is never cleared."""
    there = {entry["Key"] for entry in aws.objects(s3, settings.raw_bucket, "")}
    others = sorted(key for key in there.difference(keys) if not key.startswith("_"))
    if others and not aws.is_local(s3):
        raise click.ClickException(
            f"s3://{settings.raw_bucket}/ holds {len(others)} objects of other data, and the demo "
            "removes objects on this machine only: set UAP_PREFIX to a name of its own"
        )
    aws.delete_objects(s3, settings.raw_bucket, others)
    return len(others)


def _dbt_build(full_refresh: bool, user_profiles: bool) -> None:
    profiles = ROOT / "profiles.yml"
    if not profiles.exists():
        shutil.copyfile(ROOT / "profiles.example.yml", profiles)
    command = [local.beside_python("dbt"), "build", "--project-dir", ROOT, "--profiles-dir", ROOT]
    if full_refresh:
        command.append("--full-refresh")
    if not user_profiles:
        command += ["--vars", "user_profiles: false"]
    done = subprocess.run(command, cwd=ROOT)
    if done.returncode:
        raise click.ClickException("dbt build failed, see above; logs/dbt.log has all of it")


@contextmanager
def _step(title: str) -> Iterator[None]:
    console.stdout.print(f"\n{title}", style="bold")
    console.stdout.file.flush()  # other processes write to the same terminal or file
    started = time.monotonic()
    yield
    _say(f"{time.monotonic() - started:.1f} s")


def _say(text: str) -> None:
    console.stdout.print(f"  {text}")
