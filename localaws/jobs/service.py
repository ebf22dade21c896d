"""The job runs' actions; moto keeps the definitions of the jobs.

Source of the shapes and states: Glue API reference, "Jobs" and "Job runs". What a run could not
honour here is refused when it is started.
"""

import logging
import shutil
import sqlite3
import subprocess
import threading
import uuid
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localaws import disk, process
from localaws.jobs import modules, runner, workspace
from localaws.objects import ObjectStore
from localaws.routes import AwsError, Context
from localaws.sql.errors import QueryError
from localaws.tables.store_io import object_key

KIND = "job_run"
FINAL = ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT")
DEFAULT_TIMEOUT = 480  # minutes, as Glue's
# GetJobRun is held this long while the state stays the same, so that clients, who sleep between
# two polls, hear of the end at once.
LONG_POLL = 5.0  # seconds
INTERRUPTED = "The endpoint stopped while the job ran: start the job again"
# Arguments that ask for what is not here; their values that ask for nothing.
_REFUSED = {
    "--extra-jars": ("", "name the jars with --conf spark.jars=/path/to.jar"),
    "--job-bookmark-option": ("job-bookmark-disable", "localaws keeps no bookmarks"),
    "--job-language": ("python", "localaws runs Python scripts only"),
}
_FIELDS = {
    "Description": "description",
    "LogUri": "log_uri",
    "Role": "role",
    "ExecutionProperty": "execution_property",
    "Command": "command",
    "DefaultArguments": "default_arguments",
    "NonOverridableArguments": "non_overridable_arguments",
    "Connections": "connections",
    "MaxRetries": "max_retries",
    "AllocatedCapacity": "allocated_capacity",
    "Timeout": "timeout",
    "MaxCapacity": "max_capacity",
    "WorkerType": "worker_type",
    "NumberOfWorkers": "number_of_workers",
    "SecurityConfiguration": "security_configuration",
    "NotificationProperty": "notification_property",
    "GlueVersion": "glue_version",
    "CodeGenConfigurationNodes": "code_gen_configuration_nodes",
    "ExecutionClass": "execution_class",
    "SourceControlDetails": "source_control_details",
}

log = logging.getLogger("localaws.jobs")


class JobFailed(Exception):
    """Why a run could not even start its script; str() becomes ErrorMessage."""


class JobService:
    """`_runs`: run id -> the JobRun of the API; `_processes`: run id -> its process."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._folder = context.data_dir / "job-runs"
        self._lock = threading.Condition()  # notified when a run changes its state
        self._closing = False
        self._runs: dict[str, dict[str, Any]] = dict(context.state.items(KIND))
        self._processes: dict[str, subprocess.Popen] = {}
        self._stopping: set[str] = set()
        self._threads: list[threading.Thread] = []
        for run in list(self._runs.values()):
            if run["JobRunState"] not in FINAL:
                self._clean_up(run["Id"])
                self._finish(run, "FAILED", INTERRUPTED)
        self.actions = {
            "CreateJob": self._create_job,
            "UpdateJob": self._update_job,
            "StartJobRun": self._start_job_run,
            "GetJobRun": self._get_job_run,
            "GetJobRuns": self._get_job_runs,
            "BatchStopJobRun": self._batch_stop_job_run,
        }

    def close(self) -> None:
        """Running jobs end with the endpoint, as failed."""
        with self._lock:
            self._closing = True
            self._lock.notify_all()
            running = [id_ for id_, run in self._runs.items() if run["JobRunState"] not in FINAL]
            self._stopping |= set(running)
            processes, threads = list(self._processes.values()), list(self._threads)
        for each in processes:
            runner.kill(each)
        for thread in threads:
            thread.join()

    # ---- actions

    def _job(self, name: str | None) -> Any:
        with self._context.catalog.reading():
            job = self._context.catalog.backend.jobs.get(name)
        if job is None:
            raise AwsError(
                "EntityNotFoundException",
                f"Failed to start job run due to missing metadata: no job {name}",
            )
        return job

    def _create_job(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        """moto's would silently replace a job of the same name."""
        name, catalog = payload.get("Name"), self._context.catalog
        if not (name and payload.get("Role") and payload.get("Command")):
            raise AwsError("InvalidInputException", "A job needs a Name, a Role and a Command")
        with catalog.mutation():
            if name in catalog.backend.jobs:
                message = f"Job {name} already exists: change it with UpdateJob"
                raise AwsError("AlreadyExistsException", message)
            definition = {attribute: payload.get(field) for field, attribute in _FIELDS.items()}
            catalog.backend.create_job(name=name, tags=payload.get("Tags"), **definition)
        return {"Name": name}

    def _update_job(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        """What JobUpdate leaves out falls back to its default, as the API has it."""
        job = self._job(payload.get("JobName"))
        update = payload.get("JobUpdate") or {}
        with self._context.catalog.mutation():
            for name, attribute in _FIELDS.items():
                setattr(job, attribute, deepcopy(update.get(name)))
            job.execution_property = job.execution_property or {}
            job.default_arguments = job.default_arguments or {}
            job.last_modified_on = datetime.now(UTC).replace(tzinfo=None)
        return {"JobName": job.name}

    def _start_job_run(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        job = self._job(payload.get("JobName"))
        command = job.command or {}
        if command.get("Name") != "glueetl":
            message = f"jobs of kind {command.get('Name')} are not supported locally: use glueetl"
            raise AwsError("InvalidInputException", message)
        arguments = {
            **job.default_arguments,
            **(payload.get("Arguments") or {}),
            **(job.non_overridable_arguments or {}),
        }
        for argument, (harmless, way_out) in _REFUSED.items():
            if arguments.get(argument, harmless) != harmless:
                message = f"{argument} {arguments[argument]} is not supported locally: {way_out}"
                raise AwsError("InvalidInputException", message)
        if missing := modules.missing(arguments.get("--additional-python-modules", "")):
            message = (
                f"--additional-python-modules {', '.join(missing)}: "
                "install the modules where localaws is installed"
            )
            raise AwsError("InvalidInputException", message)
        limit = job.execution_property.get("MaxConcurrentRuns", 1)
        run = {
            "Id": f"jr_{uuid.uuid4().hex}",
            "Attempt": 0,
            "JobName": job.name,
            "StartedOn": datetime.now(UTC),
            "LastModifiedOn": datetime.now(UTC),
            "JobRunState": "STARTING",
            "Arguments": arguments,
            "PredecessorRuns": [],
            "ExecutionTime": 0,
            "Timeout": payload.get("Timeout") or job.timeout or DEFAULT_TIMEOUT,
            "GlueVersion": job.glue_version or "5.1",
        }
        run["LogGroupName"] = str(self._folder / run["Id"] / "log.txt")
        with self._lock:
            running = [
                each
                for each in self._runs.values()
                if each["JobName"] == job.name and each["JobRunState"] not in FINAL
            ]
            if len(running) >= limit:
                message = f"Concurrent runs exceeded for {job.name}: at most {limit} may run"
                raise AwsError("ConcurrentRunsExceededException", message)
            self._begin(run, command.get("ScriptLocation", ""), job.max_retries or 0)
        return {"JobRunId": run["Id"]}

    def _get_job_run(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        job, id_ = self._job(payload.get("JobName")), payload.get("RunId")
        with self._lock:
            run = self._runs.get(id_)
            if run is None or run["JobName"] != job.name:
                message = f"Job run {id_} of {job.name} not found"
                raise AwsError("EntityNotFoundException", message)
            before = run["JobRunState"]
            if before not in FINAL:
                self._lock.wait_for(
                    lambda: self._closing or self._runs[id_]["JobRunState"] != before, LONG_POLL
                )
            return {"JobRun": deepcopy(self._runs[id_])}

    def _get_job_runs(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        job = self._job(payload.get("JobName"))
        with self._lock:
            runs = [deepcopy(each) for each in self._runs.values() if each["JobName"] == job.name]
        return {"JobRuns": runs[::-1]}

    def _batch_stop_job_run(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        job = self._job(payload.get("JobName"))
        stopped, errors = [], []
        for id_ in payload.get("JobRunIds") or []:
            with self._lock:
                run = self._runs.get(id_)
                known = run is not None and run["JobName"] == job.name
                running = known and run["JobRunState"] not in FINAL
                if running:
                    self._stopping.add(id_)
                    self._enter(run, "STOPPING")
                child = self._processes.get(id_)
            if not running:
                code = "JobRunNotInTerminalState" if known else "EntityNotFoundException"
                detail = {"ErrorCode": code, "ErrorMessage": f"Job run {id_} is not running"}
                errors.append({"JobName": job.name, "JobRunId": id_, "ErrorDetail": detail})
                continue
            if child:
                runner.kill(child)
            stopped.append({"JobName": job.name, "JobRunId": id_})
        return {"SuccessfulSubmissions": stopped, "Errors": errors}

    # ---- one run

    def _begin(self, run: dict[str, Any], script_location: str, retries: int) -> None:
        """Needs the lock."""
        self._context.state.put(KIND, run["Id"], run)
        self._runs[run["Id"]] = run
        thread = threading.Thread(
            target=self._run, args=(run, script_location, retries), name="job"
        )
        self._threads = [each for each in self._threads if each.is_alive()] + [thread]
        thread.start()

    def _run(self, run: dict[str, Any], script_location: str, retries: int) -> None:
        folder = self._folder / run["Id"]
        try:
            state, message = self._execute(run, script_location, folder)
        except (JobFailed, QueryError, LookupError) as error:
            state, message = "FAILED", str(error)
        except Exception as failure:
            log.exception("job run %s failed", run["Id"])
            message = f"InternalServiceException: {disk.in_words(failure)}"
            state = "FAILED"
        self._clean_up(run["Id"])
        with self._lock:
            if self._closing:
                state, message = "FAILED", INTERRUPTED
            self._finish(run, state, message)
            if state == "FAILED" and run["Attempt"] < retries and not self._closing:
                self._begin(_next_attempt(run), script_location, retries)

    def _clean_up(self, id_: str) -> None:
        """What a run leaves is its script and its log."""
        for name in ("s3", "tmp", "conf", "warehouse"):
            shutil.rmtree(self._folder / id_ / name, ignore_errors=True)

    def _enter(self, run: dict[str, Any], state: str) -> None:
        """Needs the lock. Only the end of a run has to survive the endpoint."""
        run |= {"JobRunState": state, "LastModifiedOn": datetime.now(UTC)}
        self._lock.notify_all()

    def _execute(
        self, run: dict[str, Any], script_location: str, folder: Path
    ) -> tuple[str, str | None]:
        """(final state, error message)."""
        folder.mkdir(parents=True)
        store, arguments = self._context.store, run["Arguments"]
        endpoint = process.find(self._context.data_dir)
        script = _fetch(script_location, folder, store)
        extra = [each for each in arguments.get("--extra-py-files", "").split(",") if each.strip()]
        python_files = [_fetch(each.strip(), folder / "lib", store) for each in extra]
        space, left_out = workspace.stage(store, folder / "s3")
        given = [
            part
            for name, value in arguments.items()
            if name not in runner.GLUE_ONLY
            for part in (name, value)
        ]
        given += ["--JOB_NAME", run["JobName"], "--JOB_RUN_ID", run["Id"]]
        child = runner.start(
            runner.Run(
                folder,
                script,
                [each.parent if each.suffix == ".py" else each for each in python_files],
                given,
                space.spark_settings() | runner.settings_of(arguments.get("--conf", "")),
                endpoint.environment() if endpoint else {},
                [f"the job does not see {url}: no file can be named so" for url in left_out],
            )
        )
        with self._lock:
            self._processes[run["Id"]] = child
            stopping = run["Id"] in self._stopping
            if not stopping:
                self._enter(run, "RUNNING")
        if stopping:
            runner.kill(child)
        timed_out = False
        try:
            code = child.wait(60 * run["Timeout"])
        except subprocess.TimeoutExpired:
            timed_out = True
            runner.kill(child)
            code = child.wait()
        # What Python leaves behind of its group (a JVM that hangs) ends here.
        runner.kill(child)
        changes = workspace.take_back(space, store)
        log.info("job run %s exited with %s, %s objects changed", run["Id"], code, changes)
        if run["Id"] in self._stopping:
            return "STOPPED", None
        if timed_out:
            return "TIMEOUT", f"Job run exceeded its timeout of {run['Timeout']} minutes"
        if code:
            return "FAILED", runner.error_message(folder / "log.txt")
        return "SUCCEEDED", None

    def _finish(self, run: dict[str, Any], state: str, message: str | None = None) -> None:
        now = datetime.now(UTC)
        final = {
            **run,
            "JobRunState": state,
            "CompletedOn": now,
            "LastModifiedOn": now,
            "ExecutionTime": int((now - run["StartedOn"]).total_seconds()),
        }
        if message:
            final["ErrorMessage"] = message
        # On disk before anybody is told; what cannot be kept there has failed, as a restart has it.
        try:
            self._context.state.put(KIND, run["Id"], final)
        except sqlite3.Error as failure:
            log.exception("the end of job run %s cannot be kept", run["Id"])
            message = message or f"InternalServiceException: {disk.in_words(failure)}"
            final |= {"JobRunState": "FAILED", "ErrorMessage": message}
        with self._lock:
            self._runs[run["Id"]] = final
            self._processes.pop(run["Id"], None)
            self._stopping.discard(run["Id"])
            self._lock.notify_all()


def _next_attempt(run: dict[str, Any]) -> dict[str, Any]:
    """The run that Glue starts by itself after a failed one, as often as MaxRetries allows."""
    attempt, now = run["Attempt"] + 1, datetime.now(UTC)
    return run | {
        "Id": f"jr_{uuid.uuid4().hex}",
        "Attempt": attempt,
        "PreviousRunId": run["Id"],
        "StartedOn": now,
        "LastModifiedOn": now,
        "JobRunState": "STARTING",
    }


def _fetch(location: str, folder: Path, store: ObjectStore) -> Path:
    """An object of the job's as a local file. Raises JobFailed where there is none."""
    try:
        stored = store.get(*object_key(location))
    except (LookupError, QueryError) as error:
        raise JobFailed(f"cannot read {location or 'the script'}: {error}") from None
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / Path(stored.key).name
    shutil.copyfile(stored.path, target)
    return target
