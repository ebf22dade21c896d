"""Job runs over the Glue API: real scripts in real processes."""

import importlib.metadata
import io
import json
import os
import re
import signal
import textwrap
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest
from botocore.client import BaseClient

from localaws import process
from localaws.jobs.service import JobService
from localaws.process import Endpoint
from localaws.routes import AwsError, Context

OVER = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT"}
Run = dict[str, Any]


class Jobs:
    """A job of one's own, whose script lies in a bucket of one's own."""

    def __init__(self, glue: BaseClient, s3: BaseClient, name: str) -> None:
        self.glue, self.s3, self.name = glue, s3, name
        s3.create_bucket(Bucket=name)

    def put(self, key: str, body: str) -> str:
        self.s3.put_object(Bucket=self.name, Key=key, Body=textwrap.dedent(body).encode())
        return f"s3://{self.name}/{key}"

    def put_zip(self, key: str, modules: dict[str, str]) -> str:
        """modules: path in the archive -> source."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            for path, source in modules.items():
                file.writestr(path, source)
        self.s3.put_object(Bucket=self.name, Key=key, Body=archive.getvalue())
        return f"s3://{self.name}/{key}"

    def create(self, script: str, **definition: Any) -> None:
        command = {"Name": "glueetl", "ScriptLocation": self.put("scripts/main.py", script)}
        self.glue.create_job(Name=self.name, Role="role", Command=command, **definition)

    def start(self, **request: Any) -> str:
        return self.glue.start_job_run(JobName=self.name, **request)["JobRunId"]

    def get(self, run_id: str) -> Run:
        return self.glue.get_job_run(JobName=self.name, RunId=run_id)["JobRun"]

    def wait(self, run_id: str, states: set[str] = OVER) -> Run:
        """GetJobRun itself waits for the next state."""
        deadline = time.monotonic() + 120
        while (run := self.get(run_id))["JobRunState"] not in states:
            assert time.monotonic() < deadline, run
        return run

    def run(self, **request: Any) -> Run:
        return self.wait(self.start(**request))


def log(run: Run) -> str:
    return Path(run["LogGroupName"]).read_text()


def printed_pid(run: Run) -> int:
    """The process id that the script printed, 0 when it came to none. The log may also name
    objects that other tests put there."""
    printed = re.findall(r"^\d+$", log(run), re.MULTILINE)
    return int(printed[-1]) if printed else 0


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Zombies that nobody waits for count as gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def jobs(client: Callable[..., BaseClient], unique: str) -> Jobs:
    return Jobs(client("glue"), client("s3"), unique)


def refused(code: str) -> Any:
    return pytest.raises(botocore.exceptions.ClientError, match=code)


# ---- definitions


def test_a_name_is_taken_once(jobs: Jobs) -> None:
    jobs.create("pass", Description="first")
    with refused("AlreadyExistsException.*UpdateJob"):
        jobs.create("pass", Description="second")
    assert jobs.glue.get_job(JobName=jobs.name)["Job"]["Description"] == "first"


def test_update_job_replaces_the_definition(jobs: Jobs) -> None:
    jobs.create("pass", Description="first", DefaultArguments={"--a": "1"}, GlueVersion="5.0")
    command = {"Name": "glueetl", "ScriptLocation": "s3://elsewhere/x.py"}
    update = {"Role": "other", "Command": command, "GlueVersion": "5.1"}
    jobs.glue.update_job(JobName=jobs.name, JobUpdate=update)
    job = jobs.glue.get_job(JobName=jobs.name)["Job"]
    assert (job["Role"], job["Command"], job["GlueVersion"]) == ("other", command, "5.1")
    assert job["DefaultArguments"] == {}
    assert "Description" not in job


@pytest.mark.parametrize("action", ["start_job_run", "get_job_runs"])
def test_an_unknown_job(jobs: Jobs, action: str) -> None:
    with refused("EntityNotFoundException"):
        getattr(jobs.glue, action)(JobName="nobody")


def test_an_unknown_run_and_another_jobs_run(jobs: Jobs, client: Any, unique: str) -> None:
    jobs.create("pass")
    other = Jobs(client("glue"), client("s3"), f"{unique}-other")
    other.create("pass")
    run_id = other.run()["Id"]
    for each in ("jr_nothing", run_id):
        with refused("EntityNotFoundException"):
            jobs.get(each)


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"Command": {"Name": "pythonshell", "ScriptLocation": "s3://b/k"}}, "pythonshell"),
        ({"DefaultArguments": {"--job-bookmark-option": "job-bookmark-enable"}}, "bookmark"),
        ({"DefaultArguments": {"--job-language": "scala"}}, "Python"),
        (
            {"DefaultArguments": {"--additional-python-modules": "boto3,no-such-module==1.0"}},
            r"no-such-module==1\.0 \(not installed\): install the modules",
        ),
        ({"DefaultArguments": {"--extra-jars": "s3://b/a.jar"}}, "spark.jars"),
    ],
)
def test_what_a_run_cannot_honour_is_refused(
    jobs: Jobs, definition: dict[str, Any], message: str
) -> None:
    command = {"Name": "glueetl", "ScriptLocation": "s3://b/k"}
    jobs.glue.create_job(**{"Name": jobs.name, "Role": "r", "Command": command} | definition)
    with refused(f"InvalidInputException.*{message}"):
        jobs.start()
    assert jobs.glue.get_job_runs(JobName=jobs.name)["JobRuns"] == []


# ---- runs


def test_a_script_gets_its_arguments_and_its_surroundings(jobs: Jobs) -> None:
    jobs.create(
        """
        import json, os, sys
        import helper
        from package import module
        import boto3
        names = ("PATH", "AWS_PROFILE", "SPARK_HOME")
        print(json.dumps({
            "argv": sys.argv[1:],
            "main": __name__,
            "helper": helper.answer(),
            "module": module.ANSWER,
            "buckets": [each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"]],
            "account": boto3.client("sts").get_caller_identity()["Account"],
            "cwd": os.getcwd(),
        }))
        """,
        DefaultArguments={
            "--extra-py-files": ",".join(
                [
                    jobs.put("lib/helper.py", "def answer(): return 42"),
                    jobs.put_zip(
                        "lib/more.zip",
                        {"package/__init__.py": "", "package/module.py": "ANSWER = 43"},
                    ),
                ]
            ),
            "--additional-python-modules": f"boto3, moto=={importlib.metadata.version('moto')}",
            "--job-language": "python",
            "--job-bookmark-option": "job-bookmark-disable",
            "--TempDir": "s3://t/",
            "--color": "red",
            "--size": "small",
        },
        NonOverridableArguments={"--fixed": "yes"},
    )
    run = jobs.run(Arguments={"--size": "large", "--fixed": "no", "--empty": ""})
    assert run["JobRunState"] == "SUCCEEDED", log(run)
    said = json.loads(log(run).splitlines()[-1])
    argv = said["argv"]
    assert not {"--extra-py-files", "--additional-python-modules"} & {*argv}
    given = dict(zip(argv[::2], argv[1::2], strict=True))
    assert (
        given.items()
        >= {
            "--JOB_NAME": jobs.name,
            "--JOB_RUN_ID": run["Id"],
            "--TempDir": "s3://t/",
            "--color": "red",
            "--size": "large",
            "--fixed": "yes",
            "--empty": "",
        }.items()
    )
    assert run["Arguments"].items() >= {"--color": "red", "--size": "large"}.items()
    assert (said["helper"], said["module"]) == (42, 43)
    assert jobs.name in said["buckets"]
    assert Path(said["cwd"]).is_relative_to(Path(run["LogGroupName"]).parent)
    assert run["StartedOn"] <= run["CompletedOn"]
    assert "ErrorMessage" not in run
    # What the run worked with is gone, its log stays.
    left = {path.name for path in Path(run["LogGroupName"]).parent.iterdir()}
    assert {"log.txt", "main.py"} <= left
    assert not left & {"s3", "tmp", "conf"}


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("print('so far')\nraise ValueError('no: such thing')", "ValueError: no: such thing"),
        ("import sys\nprint('a: b')\nsys.exit('flatten: nothing there')", "flatten: nothing there"),
        ("import nothing_of_that_name", "ModuleNotFoundError: No module named 'nothing_of"),
        ("def f(:", "SyntaxError: "),
    ],
)
def test_a_failing_script(jobs: Jobs, script: str, message: str) -> None:
    jobs.create(script)
    run = jobs.run()
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"].startswith(message)
    assert message in log(run)


def test_a_script_that_is_not_there(jobs: Jobs) -> None:
    jobs.create("pass")
    jobs.s3.delete_object(Bucket=jobs.name, Key="scripts/main.py")
    run = jobs.run()
    assert run["JobRunState"] == "FAILED"
    assert "scripts/main.py" in run["ErrorMessage"]


def test_a_failed_run_is_tried_again_as_often_as_asked(jobs: Jobs) -> None:
    jobs.create("raise SystemExit('no')", MaxRetries=2)
    first = jobs.start()
    wait_for(lambda: len(jobs.glue.get_job_runs(JobName=jobs.name)["JobRuns"]) == 3)
    runs = jobs.glue.get_job_runs(JobName=jobs.name)["JobRuns"]
    assert [run["Attempt"] for run in runs] == [2, 1, 0]
    assert [run.get("PreviousRunId") for run in runs] == [runs[1]["Id"], first, None]
    assert {jobs.wait(run["Id"])["JobRunState"] for run in runs} == {"FAILED"}
    assert len(jobs.glue.get_job_runs(JobName=jobs.name)["JobRuns"]) == 3


WAITING = "import os, time\nprint(os.getpid())\ntime.sleep(600)"


def test_at_most_so_many_at_once_and_stop(jobs: Jobs) -> None:
    jobs.create(WAITING, ExecutionProperty={"MaxConcurrentRuns": 2})
    first, second = jobs.start(), jobs.start()
    assert jobs.wait(first, {"RUNNING"})["JobRunState"] == "RUNNING"
    with refused("ConcurrentRunsExceededException"):
        jobs.start()
    answer = jobs.glue.batch_stop_job_run(JobName=jobs.name, JobRunIds=[first, second, "jr_none"])
    assert {each["JobRunId"] for each in answer["SuccessfulSubmissions"]} == {first, second}
    assert [each["JobRunId"] for each in answer["Errors"]] == ["jr_none"]
    for run_id in (first, second):
        run = jobs.wait(run_id)
        assert run["JobRunState"] == "STOPPED"
        assert not is_alive(printed_pid(run))
    again = jobs.glue.batch_stop_job_run(JobName=jobs.name, JobRunIds=[first])
    assert again["SuccessfulSubmissions"] == []
    assert jobs.wait(jobs.start(), {"RUNNING"})


def test_a_run_that_takes_too_long(context: Context) -> None:
    service = JobService(context)
    context.store.create_bucket("scripts")
    context.store.put_bytes("scripts", "wait.py", WAITING.encode())
    command = {"Name": "glueetl", "ScriptLocation": "s3://scripts/wait.py"}
    service.actions["CreateJob"]({"Name": "slow", "Role": "r", "Command": command}, context)
    request = {"JobName": "slow", "Timeout": 0.005}  # minutes; the API's are whole ones
    about = {
        "JobName": "slow",
        "RunId": service.actions["StartJobRun"](request, context)["JobRunId"],
    }
    run: Run = {"JobRunState": ""}
    while run["JobRunState"] not in OVER:
        run = service.actions["GetJobRun"](about, context)["JobRun"]
    assert run["JobRunState"] == "TIMEOUT"
    assert "0.005 minutes" in run["ErrorMessage"]
    assert not is_alive(printed_pid(run))
    with pytest.raises(AwsError):
        service.actions["GetJobRun"]({**about, "RunId": "jr_none"}, context)
    service.close()


@pytest.fixture
def own(fresh_endpoint: Endpoint, connect: Callable[..., Any], unique: str) -> Iterator[Jobs]:
    yield Jobs(connect(fresh_endpoint, "glue"), connect(fresh_endpoint, "s3"), unique)


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "stopped"])
def test_runs_end_with_the_endpoint(
    own: Jobs, fresh_endpoint: Endpoint, connect: Callable[..., Any], kill: bool
) -> None:
    own.create(WAITING)
    run = own.wait(own.start(), {"RUNNING"})
    wait_for(lambda: printed_pid(run) > 0)
    child = printed_pid(run)
    if kill:
        os.kill(fresh_endpoint.pid, signal.SIGKILL)
        process.wait_until_free(fresh_endpoint.data_dir)
    else:
        process.stop(fresh_endpoint.data_dir)
    wait_for(lambda: not is_alive(child))

    again = process.start(fresh_endpoint.data_dir, port=0)
    own.glue = connect(again, "glue")
    run = own.get(run["Id"])
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"] == "The endpoint stopped while the job ran: start the job again"
    assert not (Path(run["LogGroupName"]).parent / "s3").exists()
    assert own.wait(own.start(), {"RUNNING"}), "the job can be started again"


# ---- Spark


def unload(athena: BaseClient, query: str, lake: str) -> None:
    id_ = athena.start_query_execution(
        QueryString=f"UNLOAD ({query}) TO '{lake}/unloaded/' WITH (format = 'PARQUET')",
        ResultConfiguration={"OutputLocation": f"{lake}/results/"},
    )["QueryExecutionId"]
    status: dict[str, Any] = {}

    def is_over() -> bool:
        execution = athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"]
        status.update(execution["Status"])
        return status["State"] in ("SUCCEEDED", "FAILED")

    wait_for(is_over)
    assert status["State"] == "SUCCEEDED", status


@pytest.mark.slow
def test_spark_reads_and_writes_s3(jobs: Jobs, client: Callable[..., BaseClient]) -> None:
    lake = f"{jobs.name}.lake"  # dots are allowed in a bucket's name
    jobs.s3.create_bucket(Bucket=lake)
    unload(
        client("athena"),
        "SELECT TIMESTAMP '2024-01-05 10:00:00.123' AS ts, DECIMAL '1.5' AS d, "
        "ARRAY[TIMESTAMP '2024-01-05 10:00:00'] AS l, CAST(1 AS smallint) AS s",
        f"s3://{lake}",
    )
    for day in ("1", "2"):
        jobs.s3.put_object(
            Bucket=lake, Key=f"in/day={day}/a b.json", Body=b'{"n": %s}\n' % day.encode()
        )
        jobs.s3.put_object(Bucket=lake, Key=f"out/day={day}/old.json", Body=b'{"n": 0}\n')
    jobs.create(
        f"""
        import os
        from pyspark.sql import SparkSession, functions as F
        from package import helper
        import extra

        spark = SparkSession.builder.getOrCreate()
        spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
        frame = spark.read.json("s3://{lake}/in/")
        double = F.udf(lambda n: extra.same(helper.double(n)), "int")
        frame = frame.filter("day = 2").select(double(frame.n.cast("int")).alias("n"), "day")
        frame.write.partitionBy("day").mode("overwrite").json("s3://{lake}/out/")
        assert spark.read.json("s3a://{lake}/out/").count() == 2
        path = spark._jvm.org.apache.hadoop.fs.Path("s3://{lake}/in/day=1")
        path.getFileSystem(spark._jsc.hadoopConfiguration()).delete(path, True)
        zone = spark.conf.get("spark.sql.session.timeZone")
        print("settings:", zone, spark.conf.get("spark.sql.shuffle.partitions"))
        temporary = spark._jvm.java.lang.System.getProperty("java.io.tmpdir")
        print("temporary files beside Python's:", temporary == os.environ["TMPDIR"])
        unloaded = spark.read.parquet("s3://{lake}/unloaded/")
        print("unloaded:", dict(unloaded.dtypes), unloaded.first().ts)
        spark.read.json("s3://{lake}/nowhere/")
        """,
        DefaultArguments={
            "--extra-py-files": ",".join(
                [
                    jobs.put_zip(
                        "lib/package.zip",
                        {
                            "package/__init__.py": "",
                            "package/helper.py": "def double(n): return 2 * n",
                        },
                    ),
                    jobs.put("lib/extra.py", "def same(n): return n"),
                ]
            ),
            "--conf": "spark.sql.shuffle.partitions=7 --conf spark.driver.memory=1g",
        },
    )
    run = jobs.run()
    # A failed run leaves what it had written, as on S3.
    assert run["JobRunState"] == "FAILED"
    assert f"Path does not exist: s3://{lake}/nowhere" in run["ErrorMessage"], log(run)
    assert "settings: UTC 7" in log(run)
    assert "temporary files beside Python's: True" in log(run)
    # What Athena writes has plain timestamps for Spark: instants, not `timestamp_ntz`.
    types = {"ts": "timestamp", "d": "decimal(2,1)", "l": "array<timestamp>", "s": "int"}
    assert f"unloaded: {types} 2024-01-05 10:00:00.123000" in log(run)
    keys = [each["Key"] for each in jobs.s3.list_objects_v2(Bucket=lake)["Contents"]]
    written = [key for key in keys if key.startswith("out/day=2/part-")]
    keys = [key for key in keys if not key.startswith(("unloaded/", "results/"))]
    assert sorted({*keys} - {*written}) == [
        "in/day=2/a b.json",
        "out/day=1/old.json",
    ]
    [part] = written
    assert jobs.s3.get_object(Bucket=lake, Key=part)["Body"].read() == b'{"n":4}\n'


@pytest.mark.slow
def test_spark_ends_with_a_killed_endpoint(own: Jobs, fresh_endpoint: Endpoint) -> None:
    own.create(
        """
        import time
        from pyspark.sql import SparkSession
        spark = SparkSession.builder.getOrCreate()
        print("process:", spark._jvm.java.lang.ProcessHandle.current().pid())
        time.sleep(600)
        """
    )
    run = own.wait(own.start(), {"RUNNING"})
    wait_for(lambda: re.search(r"process: \d+\n", log(run)) is not None)
    java = int(log(run).rsplit("process: ", 1)[1].split()[0])
    assert is_alive(java)
    os.kill(fresh_endpoint.pid, signal.SIGKILL)
    wait_for(lambda: not is_alive(java))
