"""The crawler's actions: StartCrawler really crawls, in a thread; moto keeps the definitions.

Source of the shapes: Glue API reference, "Crawlers and classifiers".
"""

import json
import logging
import sqlite3
import threading
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from localaws import disk
from localaws.catalog import EntityNotFound
from localaws.crawler import infer, infer_parquet, layout, tables
from localaws.crawler.documents import Documents, InferenceError
from localaws.crawler.exclusions import excluded
from localaws.engine.duckdb_engine import DuckDBEngine
from localaws.objects import NoSuchBucket, StoredObject
from localaws.routes import AwsError, Context
from localaws.settings import objects_dir, tmp_dir
from localaws.sql.errors import QueryError
from localaws.tables.locations import split_location

KIND = "crawl"

log = logging.getLogger("localaws.crawler")


class CrawlFailed(Exception):
    """Why a crawl could not finish; str() becomes LastCrawl.ErrorMessage."""


class CrawlerService:
    """`_crawls`: crawler -> the LastCrawl it reports; `_running`: crawler -> start (monotonic)."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._engine: DuckDBEngine | None = None
        self._scratch = tmp_dir(context.data_dir) / "crawler"
        self._lock = threading.Lock()
        self._running: dict[str, float] = {}
        self._stopping: set[str] = set()
        self._threads: list[threading.Thread] = []
        self._crawls: dict[str, dict[str, Any]] = dict(context.state.items(KIND))
        self.actions = {
            "StartCrawler": self._start_crawler,
            "StopCrawler": self._stop_crawler,
            "GetCrawler": self._get_crawler,
            "GetCrawlers": self._get_crawlers,
            "BatchGetCrawlers": self._batch_get_crawlers,
            "UpdateCrawler": self._update_crawler,
            "DeleteCrawler": self._delete_crawler,
        }

    def close(self) -> None:
        with self._lock:
            self._stopping |= set(self._running)
            threads = list(self._threads)
        for thread in threads:
            thread.join()

    # ---- actions

    def _crawler(self, payload: dict[str, Any]) -> Any:
        name = payload.get("Name")
        with self._context.catalog.reading():
            crawler = self._context.catalog.backend.crawlers.get(name)
        if crawler is None:
            raise AwsError(
                "EntityNotFoundException", f"Crawler entry with name {name} does not exist"
            )
        return crawler

    def _start_crawler(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        crawler = self._crawler(payload)
        with self._lock:
            if crawler.name in self._running:
                message = f"Crawler with name {crawler.name} has already started"
                raise AwsError("CrawlerRunningException", message)
            self._running[crawler.name] = monotonic()
            thread = threading.Thread(target=self._run, args=(crawler,), name="crawler")
            self._threads = [each for each in self._threads if each.is_alive()] + [thread]
        thread.start()
        return {}

    def _stop_crawler(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        crawler = self._crawler(payload)
        with self._lock:
            if crawler.name not in self._running:
                message = f"Crawler with name {crawler.name} isn't running"
                raise AwsError("CrawlerNotRunningException", message)
            self._stopping.add(crawler.name)
        return {}

    def _get_crawler(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        return {"Crawler": self._described(self._crawler(payload))}

    def _get_crawlers(self, _: dict[str, Any], __: Context) -> dict[str, Any]:
        with self._context.catalog.reading():
            crawlers = list(self._context.catalog.backend.crawlers.values())
        return {"Crawlers": [self._described(each) for each in crawlers]}

    def _batch_get_crawlers(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        wanted = payload.get("CrawlerNames") or []
        with self._context.catalog.reading():
            crawlers = dict(self._context.catalog.backend.crawlers)
        return {
            "Crawlers": [self._described(crawlers[name]) for name in wanted if name in crawlers],
            "CrawlersNotFound": [name for name in wanted if name not in crawlers],
        }

    def _update_crawler(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        crawler = self._crawler(payload)
        fields = {
            "Role": "role",
            "DatabaseName": "database_name",
            "Description": "description",
            "Targets": "targets",
            "Schedule": "schedule",
            "Classifiers": "classifiers",
            "TablePrefix": "table_prefix",
            "SchemaChangePolicy": "schema_change_policy",
            "RecrawlPolicy": "recrawl_policy",
            "LineageConfiguration": "lineage_configuration",
            "Configuration": "configuration",
            "CrawlerSecurityConfiguration": "crawler_security_configuration",
        }
        with self._lock:
            if crawler.name in self._running:
                message = f"Crawler {crawler.name} is running: wait, or stop it first"
                raise AwsError("CrawlerRunningException", message)
            with self._context.catalog.mutation():
                for name, attribute in fields.items():
                    if name in payload:
                        setattr(crawler, attribute, payload[name])
                crawler.version += 1
                crawler.last_updated = datetime.now(UTC)
        return {}

    def _delete_crawler(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        crawler = self._crawler(payload)
        with self._lock:
            if crawler.name in self._running:
                message = f"Crawler {crawler.name} is running: wait, or stop it first"
                raise AwsError("CrawlerRunningException", message)
            with context.catalog.mutation():
                context.catalog.backend.delete_crawler(crawler.name)
            self._crawls.pop(crawler.name, None)
            context.state.delete(KIND, crawler.name)
        return {}

    def _described(self, crawler: Any) -> dict[str, Any]:
        described = {name: value for name, value in crawler.as_dict().items() if value is not None}
        with self._lock:
            started = self._running.get(crawler.name)
            described["State"] = "READY"
            if started is not None:
                described["State"] = "STOPPING" if crawler.name in self._stopping else "RUNNING"
                described["CrawlElapsedTime"] = int(1000 * (monotonic() - started))
            if crawler.name in self._crawls:
                described["LastCrawl"] = self._crawls[crawler.name]
        return described

    # ---- one crawl

    def _run(self, crawler: Any) -> None:
        crawl: dict[str, Any] = {
            "StartTime": datetime.now(UTC),
            "LogGroup": "/aws-glue/crawlers",
            "LogStream": crawler.name,
        }
        try:
            changes = self._crawl(crawler)
            log.info("crawler %s: %s", crawler.name, json.dumps(changes))
            crawl["Status"] = "SUCCEEDED"
        except (CrawlFailed, layout.LayoutError, QueryError) as error:
            cancelled = crawler.name in self._stopping
            crawl["Status"] = "CANCELLED" if cancelled else "FAILED"
            crawl["ErrorMessage"] = str(error)
        except Exception as failure:
            log.exception("crawler %s failed", crawler.name)
            crawl |= {
                "Status": "FAILED",
                "ErrorMessage": f"Internal Service Exception: {disk.in_words(failure)}",
            }
        try:
            self._context.state.put(KIND, crawler.name, crawl)
        except sqlite3.Error as failure:
            log.exception("the end of a crawl by %s cannot be kept", crawler.name)
            message = f"Internal Service Exception: {disk.in_words(failure)}"
            crawl |= {"Status": "FAILED", "ErrorMessage": message}
        with self._lock:
            self._crawls[crawler.name] = crawl
            self._running.pop(crawler.name)
            self._stopping.discard(crawler.name)

    def _crawl(self, crawler: Any) -> dict[str, list[str]]:
        """Crawl every target; what was created, updated and added, for the log."""
        if crawler.classifiers:
            raise CrawlFailed("Classifiers of one's own are not supported locally: remove them")
        unsupported = [
            kind for kind, each in crawler.targets.items() if kind != "S3Targets" and each
        ]
        if unsupported:
            raise CrawlFailed(f"{unsupported[0]} are not supported locally: only S3Targets are")
        changes: dict[str, list[str]] = {"created": [], "updated": [], "partitions": []}
        with self._context.store.pinned():
            for target in crawler.targets.get("S3Targets", []):
                self._crawl_target(crawler, target, changes)
        return changes

    def _crawl_target(
        self, crawler: Any, target: dict[str, Any], changes: dict[str, list[str]]
    ) -> None:
        bucket, prefix = split_location(target["Path"])
        try:
            objects = self._context.store.list(bucket, prefix)
        except NoSuchBucket:
            raise CrawlFailed(f"The bucket of the target does not exist: {bucket}") from None
        patterns = target.get("Exclusions", [])
        kept = [each for each in objects if not excluded(each.key[len(prefix) :], patterns)]
        root = layout.tree(kept, prefix)
        for folder in layout.tables(root, self._column_names, bucket, _grouping(crawler)):
            if crawler.name in self._stopping:
                raise CrawlFailed("The crawler was stopped")
            self._write(crawler, folder, bucket, changes)

    def _column_names(self, folder: layout.Folder) -> set[str]:
        return {name for name, _ in self._documents(folder.all_files).columns}

    def _documents(self, files: list[StoredObject]) -> Documents:
        kinds = {_kind(file) for file in files}
        if len(kinds) > 1:
            raise CrawlFailed(
                f"{_url(files[0])} and the objects beside it are of different kinds: "
                f"{', '.join(sorted(kinds))}"
            )
        (kind,) = kinds
        if kind == "parquet":
            try:
                return infer_parquet.infer([file.path for file in files])
            except InferenceError as error:
                raise CrawlFailed(f"{_url(files[0])} and the objects beside it: {error}") from None
        if self._engine is None:
            self._engine = DuckDBEngine(objects_dir(self._context.data_dir), self._scratch)
        with self._engine.session() as session:
            paths = [file.path for file in files]
            documents = infer.infer(paths, kind, self._scratch, session)
        if not documents.documents:
            raise CrawlFailed(
                f"{_url(files[0])} holds no JSON documents, one a line, and is not Parquet; other "
                "formats are not supported by the local crawler: create the table with CREATE "
                "EXTERNAL TABLE"
            )
        return documents

    def _write(
        self,
        crawler: Any,
        folder: layout.TableFolder,
        bucket: str,
        changes: dict[str, list[str]],
    ) -> None:
        catalog, database = self._context.catalog, crawler.database_name
        new = tables.table_input(
            folder,
            self._documents(folder.files),
            bucket,
            crawler.table_prefix or "",
            crawler.name,
        )
        name = new["Name"]
        try:
            old = catalog.get_table(database, name)
        except EntityNotFound:
            try:
                catalog.create_table(database, new)
            except EntityNotFound:
                raise CrawlFailed(f"The database {database} does not exist: create it") from None
            changes["created"].append(name)
        else:
            location = new["StorageDescriptor"]["Location"]
            other = old["StorageDescriptor"].get("Location", "")
            if other.rstrip("/") != location.rstrip("/"):
                raise CrawlFailed(
                    f"{database}.{name} is already a table over {other}, not over {location}: give "
                    "the crawler a TablePrefix"
                )
            if [key["Name"] for key in old.get("PartitionKeys", [])] != list(folder.keys):
                raise CrawlFailed(
                    f"{database}.{name} has other partition keys than the folders: drop the table "
                    "to have it crawled anew"
                )
            update = tables.merged(old, new, _update_behavior(crawler))
            if update:
                catalog.update_table(database, update, expected_version=old["VersionId"])
                changes["updated"].append(name)
        if folder.keys:
            self._write_partitions(crawler, folder, bucket, name, changes)

    def _write_partitions(
        self,
        crawler: Any,
        folder: layout.TableFolder,
        bucket: str,
        name: str,
        changes: dict[str, list[str]],
    ) -> None:
        """New folders become partitions; known ones follow the table's schema where asked to."""
        catalog, database = self._context.catalog, crawler.database_name
        table = catalog.get_table(database, name)
        known = {tuple(each["Values"]): each for each in catalog.partitions(database, name)}
        new = [each for each in folder.partitions if each.values not in known]
        inputs = [tables.partition_input(table, each, bucket) for each in new]
        catalog.create_partitions(database, name, inputs)
        changes["partitions"] += ["/".join(each.values) for each in new]
        if _inherits(crawler):
            for each in folder.partitions:
                stored = known.get(each.values)
                fresh = tables.partition_input(table, each, bucket)
                if stored and _schema(stored) != _schema(fresh):
                    catalog.update_partition(database, name, list(each.values), fresh)
        gone = set(known) - {each.values for each in folder.partitions}
        policy = (crawler.schema_change_policy or {}).get("DeleteBehavior", "DEPRECATE_IN_DATABASE")
        if gone and policy == "DELETE_FROM_DATABASE":
            catalog.delete_partitions(database, name, [list(values) for values in gone])
        elif gone:
            log.info("crawler %s: %d partitions of %s have vanished", crawler.name, len(gone), name)


def _schema(partition: dict[str, Any]) -> tuple:
    storage = partition["StorageDescriptor"]
    return storage["Columns"], storage["SerdeInfo"]


def _configuration(crawler: Any) -> dict[str, Any]:
    try:
        return json.loads(crawler.configuration or "{}")
    except ValueError as error:
        raise CrawlFailed(f"The crawler's Configuration is not JSON: {error}") from None


def _grouping(crawler: Any) -> layout.Grouping:
    found = _configuration(crawler).get("Grouping", {})
    level = found.get("TableLevelConfiguration", 0)
    if not str(level).isdecimal():
        raise CrawlFailed(f"TableLevelConfiguration must be a positive integer, not {level}")
    combine = found.get("TableGroupingPolicy") == "CombineCompatibleSchemas"
    return layout.Grouping(combine, int(level))


def _output(crawler: Any, of: str) -> str | None:
    """AddOrUpdateBehavior of `Tables` or `Partitions` in the crawler's Configuration."""
    output = _configuration(crawler).get("CrawlerOutput", {})
    return output.get(of, {}).get("AddOrUpdateBehavior")


def _inherits(crawler: Any) -> bool:
    return _output(crawler, "Partitions") == "InheritFromTable"


def _update_behavior(crawler: Any) -> tables.UpdateBehavior:
    if (crawler.schema_change_policy or {}).get("UpdateBehavior") == "LOG":
        return "LOG"
    return "MERGE" if _output(crawler, "Tables") == "MergeNewColumns" else "UPDATE"


def _kind(file: StoredObject) -> str:
    """What the first bytes say: parquet, or the compression of a text file (gzip, none)."""
    with file.path.open("rb") as stream:
        magic = stream.read(4)
    if magic == b"PAR1":
        return "parquet"
    return "gzip" if magic.startswith(b"\x1f\x8b") else "none"


def _url(file: StoredObject) -> str:
    return f"s3://{file.bucket}/{file.key}"
