"""The `uap` command line."""

import errno
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from loaders import (
    aws,
    conservation,
    console,
    crawl,
    declare,
    demo,
    dry_run,
    flatten,
    generate,
    ground_truth,
    landing,
    local,
    mapping_files,
    raw_zone,
    report,
    upload,
)
from loaders.settings import LOGS, USERS, Settings
from loaders.sources import find_sources

DATA = Path("data")
DAY = click.DateTime(["%Y-%m-%d"])
DEFAULTS = generate.Parameters()


class OneLineErrors(click.Group):
    """Turns what AWS and the file system refuse into click's `Error: …` line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except aws.ERRORS as error:
            raise click.ClickException(aws.explain(error)) from None
        except OSError as error:
            if error.errno == errno.EPIPE or error.filename is None:
                raise
            raise click.ClickException(f"{error.filename}: {error.strerror}") from None


@click.group(cls=OneLineErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="user-activity-lake")
def main() -> None:
    """JSON activity logs to trusted marts on Amazon Athena, on AWS or on this machine.

    Commands talk to AWS, or to the endpoint in AWS_ENDPOINT_URL.
    """


def generator_options(command: Callable) -> Callable:
    options = [
        click.option("--events", default=DEFAULTS.events, show_default=True, help="Unique events."),
        click.option("--days", default=DEFAULTS.days, show_default=True, help="Days they span."),
        click.option(
            "--users", default=DEFAULTS.users, show_default=True, help="Profiles of users."
        ),
        click.option(
            "--start",
            type=DAY,
            default=DEFAULTS.start.isoformat(),
            show_default=True,
            help="First day.",
        ),
        click.option(
            "--seed", default=DEFAULTS.seed, show_default=True, help="Same seed, same bytes."
        ),
        click.option(
            "--duplicates",
            default=DEFAULTS.duplicates,
            show_default=True,
            help="Second copies of events, as a share of --events.",
        ),
        click.option(
            "--late",
            default=DEFAULTS.late,
            show_default=True,
            help="Events that land days after they happened, as a share of --events.",
        ),
        click.option(
            "--malformed",
            default=DEFAULTS.malformed,
            show_default=True,
            help="Broken lines on top, as a share of --events.",
        ),
        click.option(
            "--skew",
            default=DEFAULTS.skew,
            show_default=True,
            help="Users whose clock is wrong, as a share of --users.",
        ),
        click.option(
            "--drift",
            default=DEFAULTS.drift,
            show_default=True,
            help="Users whose client comes to send other types and new keys; 0: no drift at all.",
        ),
        click.option(
            "--max-lines-per-file", default=DEFAULTS.max_lines_per_file, show_default=True
        ),
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            default=DATA,
            show_default=True,
            help="Folder to write.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _parameters(start: datetime, **options: Any) -> generate.Parameters:
    return generate.Parameters(start=start.date(), **options)


@main.command("generate")
@generator_options
def generate_command(out: Path, **options: Any) -> None:
    """Generate events, the profiles of their users, and the ground truth beside them."""
    truth, written = generate.generate(_parameters(**options), out)
    lines = f"{truth['documents']:,} lines in {len(truth['files'])} files"
    if not written:
        console.stdout.print(f"{out} already holds this data set ({lines}): nothing to do.")
        return
    console.stdout.print(
        f"{out}: {lines}; {truth['unique_events']:,} events ({truth['late']:,} late), "
        f"{truth['duplicates']:,} duplicates, {truth['malformed']:,} malformed lines."
    )


@main.command("upload")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option(
    "--source", metavar="NAME", help="Folder of the raw zone.  [default: logs, or the mapping's]"
)
@click.option(
    "--mapping",
    "mapping_file",
    type=click.Path(path_type=Path),
    help="TOML file that makes events of documents of another shape; it names the source.",
)
@click.option(
    "--ingest-date", type=DAY, help="For files outside ingest_date= folders.  [default: today, UTC]"
)
@click.option(
    "--compression", type=click.Choice(list(landing.ENDINGS)), default="gzip", show_default=True
)
@click.option("--replace", is_flag=True, help="Overwrite objects that hold other content.")
@click.option(
    "--dry-run",
    "only_show",
    is_flag=True,
    help="Show what the documents would become; land nothing.",
)
def upload_command(
    paths: tuple[Path, ...],
    source: str | None,
    mapping_file: Path | None,
    ingest_date: datetime | None,
    compression: str,
    replace: bool,
    only_show: bool,
) -> None:
    """Land documents in the raw zone (default: data/logs, and data/users if it is there).

    Takes files, folders and globs of .json, .ndjson, .jsonl, plain or as .gz or .zst: one document
    a line, or one JSON array a file. What was landed before is skipped.
    """
    settings = Settings.load()
    day = ingest_date and ingest_date.date()
    s3 = aws.client("s3", settings)
    mapping, text = mapping_files.read(mapping_file) if mapping_file else (None, "")
    source = mapping_files.check_source(s3, settings, source, mapping)
    if only_show:
        mapping = mapping or mapping_files.of_source(s3, settings, source)
        shown = dry_run.dry_run(find_sources(paths or [DATA / source], day, source), mapping)
        console.stdout.print(shown.table)
        console.stdout.print(shown.in_words())
        return
    loads = [find_sources(paths or [DATA / "logs"], day, source)]
    if not paths and source == LOGS and (DATA / USERS).is_dir():
        loads.append(find_sources([DATA / USERS], day, USERS))
    if mapping:
        _say_created(aws.ensure_buckets(s3, settings))
        console.stdout.print(mapping_files.register(s3, settings, source, text))
    for sources in loads:
        landed = upload.upload(sources, s3, settings, replace, compression)
        _say_created(landed.created_buckets)
        console.stdout.print(
            f"{len(landed.landed)} objects landed in "
            f"s3://{settings.raw_bucket}/{sources[0].zone}/, "
            f"{len(landed.keys) - len(landed.landed)} were there already."
        )


def _say_created(buckets: list[str]) -> None:
    for bucket in buckets:
        console.stdout.print(f"Created the bucket {bucket}.")


SOURCES = click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="NAME",
    help="A folder of the raw zone; may be repeated.  [default: all]",
)


@main.command("crawl")
@SOURCES
def crawl_command(sources: tuple[str, ...]) -> None:
    """Let Glue crawlers infer the schemas of the raw zone.

    Says what has changed since the last crawl. `uap declare` is the way without crawlers.
    """
    settings = Settings.load()
    s3, glue = (aws.client(name, settings) for name in ("s3", "glue"))
    for title, news in crawl.crawl(s3, glue, settings, raw_zone.sources(s3, settings, sources)):
        console.stdout.print(f"{title}: {'; '.join(news)}.")


@main.command("declare")
@SOURCES
def declare_command(sources: tuple[str, ...]) -> None:
    """Declare the raw tables with partition projection: no crawl, new days are there at once.

    Columns are text: those of the event contract for logs, of a user profile for users, and one
    column `line` for a source of another shape.
    """
    settings = Settings.load()
    s3, glue, athena = (aws.client(name, settings) for name in ("s3", "glue", "athena"))
    for source in raw_zone.sources(s3, settings, sources):
        title, first, news = declare.declare(s3, glue, athena, settings, source)
        console.stdout.print(
            f"{title}: {'; '.join(news)}. Reads what was landed from {first} on: run this again "
            "when older days are landed."
        )


def arrival_options(command: Callable) -> Callable:
    first = click.option("--from", "first", type=DAY, help="First day of arrival.")
    last = click.option("--to", "last", type=DAY, help="Last day of arrival.")
    return first(last(command))


@main.command("flatten")
@click.option(
    "--drop-actions",
    help=f"Comma list; {flatten.KEEP_ALL} keeps all.  "
    f"[default: as before, at first {','.join(flatten.DROPPED_BY_DEFAULT)}]",
)
@click.option(
    "--output-format",
    type=click.Choice(flatten.FORMATS),
    help="json writes user_activity_json beside the Parquet tables.  "
    "[default: as before, at first parquet]",
)
@arrival_options
@click.option("--again", is_flag=True, help="Backfill: read what was read before, too.")
@click.option(
    "--rebuild", is_flag=True, help="Forget what is published, build it from the raw zone alone."
)
def flatten_command(
    drop_actions: str | None,
    output_format: str | None,
    first: datetime | None,
    last: datetime | None,
    again: bool,
    rebuild: bool,
) -> None:
    """Bring the cleaned tables up to date with the raw zone.

    Reads the raw objects that no run has read yet. With nothing to read no job is started.
    """
    if rebuild and (first or last):
        raise click.ClickException("--rebuild reads the whole raw zone: leave out --from and --to")
    dropped = None if drop_actions is None else flatten.parse_actions(drop_actions)
    scope = flatten.Scope(**_arrived(first, last), every=again or rebuild, rebuild=rebuild)
    run = _flatten(scope, dropped, output_format)
    if run is None:
        console.stdout.print(
            "Nothing is new since the last run: nothing to do (--again reads it all again)."
        )


@main.command("replay")
@click.option("--reason", "reasons", multiple=True, help="Of the quarantine; may be repeated.")
@arrival_options
@click.option("--force", is_flag=True, help="Also what the same rules have quarantined.")
def replay_command(
    reasons: tuple[str, ...], first: datetime | None, last: datetime | None, force: bool
) -> None:
    """Read the objects with quarantined lines again, after a mapping or a rule was fixed.

    What they gave before is replaced, so nothing is doubled.
    """
    scope = flatten.Scope(**_arrived(first, last), replay=True, reasons=reasons, forced=force)
    if _flatten(scope) is None:
        console.stdout.print(
            "Nothing to replay: no line is quarantined by other rules than today's "
            "(--force reads them again all the same)."
        )


def _arrived(first: datetime | None, last: datetime | None) -> dict[str, date]:
    days = {"first": first and first.date(), "last": last and last.date()}
    return {name: day for name, day in days.items() if day}


def _flatten(
    scope: flatten.Scope, dropped: set[str] | None = None, output_format: str | None = None
) -> flatten.Run | None:
    settings = Settings.load()
    s3, glue, athena = (aws.client(name, settings) for name in ("s3", "glue", "athena"))
    aws.ensure_buckets(s3, settings)
    run = flatten.flatten(s3, glue, athena, settings, dropped, output_format, scope)
    if run:
        console.stdout.print(
            f"Run {run.run_id}: {conservation.in_words(run.totals)}. "
            f"{run.days} days of {settings.cleaned_url} are published."
        )
    return run


@main.command("report")
@click.option(
    "--check", type=click.Path(path_type=Path), help="Compare with this ground truth, exactly."
)
@click.option(
    "--drop-actions",
    default=",".join(flatten.DROPPED_BY_DEFAULT),
    show_default=True,
    help="What the flatten job left out; for --check.",
)
def report_command(check: Path | None, drop_actions: str) -> None:
    """Print the mart actions_by_location."""
    settings = Settings.load()
    truth = ground_truth.read(check) if check else None
    mart = report.read_mart(aws.client("glue", settings), aws.client("athena", settings), settings)
    if truth is None:
        console.stdout.print(report.as_table(mart))
        return
    report.check(mart, truth, flatten.parse_actions(drop_actions))


@main.command("demo")
@generator_options
def demo_command(out: Path, **options: Any) -> None:
    """Run the whole pipeline here and check its answer.

    Without AWS_ENDPOINT_URL it starts the local endpoint.
    """
    demo.demo(_parameters(**options), out)


@main.command(
    "local",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="up|down|status|env ...")
def local_command(arguments: tuple[str, ...]) -> None:
    """Start, stop or ask about the local endpoint (the localaws command)."""
    local.run_localaws(*arguments)
