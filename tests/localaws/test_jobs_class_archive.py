"""The archive of Spark's classes: taken when it fits, in nobody's way when it does not."""

from pathlib import Path

import pytest

from localaws.jobs import class_archive, runner

SCRIPT = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
print("zone and rows:", spark.conf.get("spark.sql.session.timeZone"), spark.range(3).count())
"""


def run(folder: Path) -> tuple[str, str]:
    """(the job's log, where the JVM found its classes)."""
    folder.mkdir()
    script, classes = folder / "main.py", folder / "classes.txt"
    script.write_text(SCRIPT)
    flags = ["-XX:TieredStopAtLevel=1", class_archive.COLLECTOR, f"-Xlog:class+load:file={classes}"]
    flags += class_archive.options(class_archive.ARCHIVE)
    settings = {"spark.driver.extraJavaOptions": " ".join(flags)}
    job = runner.Run(folder, script, [], [], settings, {}, [])
    assert runner.start(job).wait() == 0, job.log.read_text()
    return job.log.read_text(), classes.read_text()


def test_without_an_archive_the_jvm_is_told_nothing(tmp_path: Path) -> None:
    assert class_archive.options(tmp_path / "spark.jsa") == []


def test_a_path_with_spaces(tmp_path: Path) -> None:
    archive = tmp_path / "a b.jsa"
    with pytest.raises(ValueError, match=r"a b\.jsa"):
        class_archive.make(archive)
    archive.touch()
    assert class_archive.options(archive) == []


@pytest.mark.slow
def test_an_archive_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_archive, "ARCHIVE", tmp_path / "spark.jsa")
    class_archive.ARCHIVE.write_bytes(b"no archive" * 10_000)
    log, classes = run(tmp_path / "run")
    assert "zone and rows: UTC 3" in log
    assert "archive" not in log and "[cds]" not in log
    assert "shared objects file" not in classes


@pytest.mark.slow
def test_spark_comes_from_the_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_archive, "ARCHIVE", tmp_path / "share" / "spark.jsa")
    class_archive.make(class_archive.ARCHIVE)
    assert [path.name for path in class_archive.ARCHIVE.parent.iterdir()] == ["spark.jsa"]
    log, classes = run(tmp_path / "run")
    assert "zone and rows: UTC 3" in log
    [context] = [line for line in classes.splitlines() if "org.apache.spark.SparkContext " in line]
    assert "shared objects file" in context
