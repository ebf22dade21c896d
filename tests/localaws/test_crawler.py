"""Crawlers over the Glue API: real objects in, the catalog's tables out, Athena reads them."""

import gzip
import json
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import botocore.exceptions
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.client import BaseClient

from localaws.crawler.service import CrawlerService
from localaws.routes import Context

INHERIT = json.dumps(
    {
        "Version": 1.0,
        "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}},
        "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas"},
    }
)


def event(number: int, **more: Any) -> dict[str, Any]:
    metadata = {"device": "mobile", "location": "EU"}
    return {"Event_id": f"e{number}", "user_id": number, "metadata": metadata} | more


class Crawl:
    """A crawler of one's own over s3://<name>/logs/, into a database of one's own."""

    def __init__(self, client: Callable[[str], BaseClient], name: str) -> None:
        self.glue, self.s3, self.athena = client("glue"), client("s3"), client("athena")
        self.name, self.database = name, name.replace("-", "_")
        self.s3.create_bucket(Bucket=name)
        self.glue.create_database(DatabaseInput={"Name": self.database})

    def put(self, key: str, *documents: Any) -> None:
        """Strings are lines as they are."""
        lines = [each if isinstance(each, str) else json.dumps(each) for each in documents]
        body = "".join(f"{line}\n" for line in lines).encode()
        body = gzip.compress(body) if key.endswith(".gz") else body
        self.s3.put_object(Bucket=self.name, Key=key, Body=body)

    def definition(self, **more: Any) -> dict[str, Any]:
        return {
            "Name": self.name,
            "Role": "role",
            "DatabaseName": self.database,
            "Targets": {"S3Targets": [{"Path": f"s3://{self.name}/logs/"}]},
        } | more

    def create(self, **more: Any) -> None:
        self.glue.create_crawler(**self.definition(**more))

    def run(self) -> dict[str, Any]:
        """Crawl, wait; returns LastCrawl."""
        self.glue.start_crawler(Name=self.name)
        deadline = time.monotonic() + 60
        while (crawler := self.glue.get_crawler(Name=self.name)["Crawler"])["State"] != "READY":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return crawler["LastCrawl"]

    def succeed(self) -> None:
        crawl = self.run()
        assert crawl["Status"] == "SUCCEEDED", crawl

    def fail(self) -> str:
        crawl = self.run()
        assert crawl["Status"] == "FAILED"
        return crawl["ErrorMessage"]

    def tables(self) -> list[str]:
        found = self.glue.get_tables(DatabaseName=self.database)["TableList"]
        return sorted(table["Name"] for table in found)

    def table(self, name: str = "logs") -> dict[str, Any]:
        return self.glue.get_table(DatabaseName=self.database, Name=name)["Table"]

    def columns(self, name: str = "logs") -> list[tuple[str, str]]:
        columns = self.table(name)["StorageDescriptor"]["Columns"]
        return [(column["Name"], column["Type"]) for column in columns]

    def partitions(self, name: str = "logs") -> list[dict[str, Any]]:
        answer = self.glue.get_partitions(DatabaseName=self.database, TableName=name)
        return sorted(answer["Partitions"], key=lambda each: each["Values"])

    def days(self) -> list[str]:
        return [day for each in self.partitions() for day in each["Values"]]

    def query(self, sql: str) -> list[list[str]]:
        id_ = self.athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": self.database},
            ResultConfiguration={"OutputLocation": f"s3://{self.name}/results/"},
        )["QueryExecutionId"]
        while True:
            execution = self.athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"]
            if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                break
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        rows = self.athena.get_query_results(QueryExecutionId=id_)["ResultSet"]["Rows"]
        return [[each.get("VarCharValue") for each in row["Data"]] for row in rows[1:]]


@pytest.fixture
def crawl(client: Callable[..., BaseClient], unique: str) -> Crawl:
    return Crawl(client, unique)


def refused(code: str) -> Any:
    return pytest.raises(botocore.exceptions.ClientError, match=code)


def test_a_table_as_glue_writes_it(crawl: Crawl) -> None:
    crawl.put("logs/ingest_date=2025-03-01/a.json.gz", event(1), event(2, beta=True), "broken")
    crawl.put("logs/ingest_date=2025-03-02/a.json.gz", event(5_000_000_000))
    crawl.put("logs/_state/manifest.json", {"hidden": 1})
    crawl.create()
    crawl.succeed()

    assert crawl.tables() == ["logs"]
    table = crawl.table()
    storage = table["StorageDescriptor"]
    assert crawl.columns() == [
        ("event_id", "string"),
        ("user_id", "bigint"),
        ("metadata", "struct<device:string,location:string>"),
        ("beta", "boolean"),
    ]
    assert table["PartitionKeys"] == [{"Name": "ingest_date", "Type": "string"}]
    assert table["TableType"] == "EXTERNAL_TABLE"
    assert storage["Location"] == f"s3://{crawl.name}/logs/"
    assert storage["InputFormat"] == "org.apache.hadoop.mapred.TextInputFormat"
    assert storage["OutputFormat"].endswith("HiveIgnoreKeyTextOutputFormat")
    assert storage["SerdeInfo"] == {
        "SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe",
        "Parameters": {"paths": "beta,event_id,metadata,user_id"},
    }
    size = sum(
        each["Size"]
        for each in crawl.s3.list_objects_v2(Bucket=crawl.name, Prefix="logs/ingest")["Contents"]
    )
    assert table["Parameters"] == {
        "CrawlerSchemaDeserializerVersion": "1.0",
        "CrawlerSchemaSerializerVersion": "1.0",
        "UPDATED_BY_CRAWLER": crawl.name,
        "averageRecordSize": str(size // 3),
        "classification": "json",
        "compressionType": "gzip",
        "objectCount": "2",
        "partition_filtering.enabled": "true",
        "recordCount": "3",
        "sizeKey": str(size),
        "typeOfData": "file",
    }
    partitions = crawl.partitions()
    assert [each["Values"] for each in partitions] == [["2025-03-01"], ["2025-03-02"]]
    assert partitions[0]["StorageDescriptor"]["Columns"] == storage["Columns"]
    assert partitions[0]["StorageDescriptor"]["Location"] == (
        f"s3://{crawl.name}/logs/ingest_date=2025-03-01/"
    )


def test_athena_reads_what_was_crawled(crawl: Crawl) -> None:
    crawl.put("logs/ingest_date=2025-03-01/a.json.gz", event(1), event(2, tags=["x", "y"]))
    crawl.put("logs/ingest_date=2025-03-02/a.json.gz", event(3))
    crawl.create()
    crawl.succeed()
    assert crawl.query(
        "select event_id, user_id, metadata.location, tags[2], ingest_date from logs"
        " where event_id <> 'e1' order by 1"
    ) == [["e2", "2", "EU", "y", "2025-03-01"], ["e3", "3", "EU", None, "2025-03-02"]]


def test_crawling_again_writes_nothing(crawl: Crawl) -> None:
    for number in range(4):
        documents = [event(each, **{f"extra_{each % 7}": each}) for each in range(500)]
        crawl.put(f"logs/ingest_date=2025-03-0{number + 1}/a.json.gz", *documents)
    crawl.create(Configuration=INHERIT)
    crawl.succeed()
    before, partitions = crawl.table(), crawl.partitions()
    for _ in range(3):
        crawl.succeed()
    assert crawl.table() == before
    assert crawl.partitions() == partitions


def test_new_columns_and_partitions(crawl: Crawl) -> None:
    crawl.put("logs/ingest_date=2025-03-01/a.json", event(1, old=1))
    crawl.create(Configuration=INHERIT)
    crawl.succeed()
    # What a person adds to the table stays, and new partitions take it over.
    table = crawl.table()
    table["StorageDescriptor"]["SerdeInfo"]["Parameters"]["ignore.malformed.json"] = "true"
    table["StorageDescriptor"]["Columns"][0]["Comment"] = "who"
    known = crawl.glue.meta.service_model.shape_for("TableInput").members
    table_input = {name: value for name, value in table.items() if name in known}
    crawl.glue.update_table(DatabaseName=crawl.database, TableInput=table_input)
    version = int(crawl.table()["VersionId"])

    crawl.put("logs/ingest_date=2025-03-01/a.json", event(5_000_000_000))
    crawl.put("logs/ingest_date=2025-03-02/a.json", event(2, new=[{"x": 1}]))
    crawl.succeed()

    assert int(crawl.table()["VersionId"]) == version + 1
    assert crawl.columns() == [
        ("event_id", "string"),
        ("user_id", "bigint"),
        ("metadata", "struct<device:string,location:string>"),
        ("new", "array<struct<x:int>>"),
    ]
    storage = crawl.table()["StorageDescriptor"]
    assert storage["Columns"][0]["Comment"] == "who"
    assert storage["SerdeInfo"]["Parameters"] == {
        "paths": "event_id,metadata,new,user_id",
        "ignore.malformed.json": "true",
    }
    assert crawl.days() == ["2025-03-01", "2025-03-02"]
    for partition in crawl.partitions():
        assert partition["StorageDescriptor"]["Columns"] == storage["Columns"]
        assert partition["StorageDescriptor"]["SerdeInfo"] == storage["SerdeInfo"]


def test_a_crawler_that_only_logs_changes(crawl: Crawl) -> None:
    crawl.put("logs/ingest_date=2025-03-01/a.json", event(1))
    crawl.create(SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"})
    crawl.succeed()
    before = crawl.table()
    crawl.put("logs/ingest_date=2025-03-02/a.json", event(2, new=1))
    crawl.succeed()
    assert crawl.table() == before
    assert crawl.days() == ["2025-03-01", "2025-03-02"]


def test_a_crawler_that_merges_new_columns(crawl: Crawl) -> None:
    behavior = {"Tables": {"AddOrUpdateBehavior": "MergeNewColumns"}}
    crawl.put("logs/a.json", event(1, old=1))
    crawl.create(Configuration=json.dumps({"Version": 1.0, "CrawlerOutput": behavior}))
    crawl.succeed()
    crawl.put("logs/a.json", event(5_000_000_000, new=1))
    crawl.succeed()
    assert crawl.columns()[1] == ("user_id", "int"), "MergeNewColumns leaves types alone"
    assert [name for name, _ in crawl.columns()[2:]] == ["metadata", "old", "new"]
    paths = crawl.table()["StorageDescriptor"]["SerdeInfo"]["Parameters"]["paths"]
    assert paths == "event_id,metadata,new,old,user_id"


@pytest.mark.parametrize(
    ("behavior", "left"),
    [("DELETE_FROM_DATABASE", ["2025-03-02"]), ("LOG", ["2025-03-01", "2025-03-02"])],
)
def test_partitions_that_vanish(crawl: Crawl, behavior: str, left: list[str]) -> None:
    for day in ("2025-03-01", "2025-03-02"):
        crawl.put(f"logs/ingest_date={day}/a.json", event(1))
    policy = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": behavior}
    crawl.create(SchemaChangePolicy=policy)
    crawl.succeed()
    crawl.s3.delete_object(Bucket=crawl.name, Key="logs/ingest_date=2025-03-01/a.json")
    crawl.succeed()
    assert crawl.days() == left


def test_several_tables_a_prefix_and_exclusions(crawl: Crawl) -> None:
    crawl.put("logs/clicks/day=1/a.json", {"x": 1, "y": 2})
    crawl.put("logs/orders/a.json", {"order": "o", "total": 1.5})
    crawl.put("logs/orders/b.csv", "a,b", "1,2")
    crawl.put("logs/clicks/day=1/deep/c.csv", "a,b")
    target = {"Path": f"s3://{crawl.name}/logs", "Exclusions": ["**.csv"]}
    crawl.create(Targets={"S3Targets": [target]}, TablePrefix="raw_")
    crawl.succeed()
    assert crawl.tables() == ["raw_clicks", "raw_orders"]
    assert crawl.columns("raw_orders") == [("order", "string"), ("total", "double")]
    assert crawl.partitions("raw_clicks")[0]["Values"] == ["1"]


def grouping(**members: Any) -> str:
    return json.dumps({"Version": 1.0, "Grouping": members})


def test_tables_where_glues_guide_shows_them(crawl: Crawl) -> None:
    crawl.put("logs/2017/a.json", {"a": 1, "b": 2})
    crawl.put("logs/2018/a.json", {"c": 3, "d": 4})
    crawl.create(Configuration=grouping(TableGroupingPolicy="CombineCompatibleSchemas"))
    crawl.succeed()
    assert crawl.columns() == [(name, "int") for name in "abcd"]
    assert crawl.tables() == ["logs"]
    assert crawl.query("SELECT partition_0, a, c FROM logs ORDER BY 1") == [
        ["2017", "1", None],
        ["2018", None, "3"],
    ]
    for level in (2, 3):
        crawl.glue.delete_table(DatabaseName=crawl.database, Name=crawl.tables()[0])
        configuration = grouping(TableLevelConfiguration=level)
        crawl.glue.update_crawler(Name=crawl.name, Configuration=configuration)
        crawl.succeed()
        assert crawl.tables() == ["2017", "2018"]
        assert crawl.columns("2018") == [("c", "int"), ("d", "int")]
    for configuration in (grouping(TableLevelConfiguration="two"), "{"):
        crawl.glue.update_crawler(Name=crawl.name, Configuration=configuration)
        assert "Configuration" in crawl.fail()


ODD_KEYS = ["", "*", "a[*]", "a\\", 'b"', "b.c", "d'", "e/f", "g:h"]


def test_documents_with_odd_keys(crawl: Crawl) -> None:
    odd = dict.fromkeys(ODD_KEYS, 2**40)
    crawl.put("logs/a.json", event(1), odd, {"o": odd, "l": [odd, {"m": 1}]})
    crawl.create()
    crawl.succeed()
    types = dict(crawl.columns())
    assert {name for name in types if types[name] == "bigint"} == set(ODD_KEYS) - {""}
    fields = ",".join(f"{key}:bigint" for key in ODD_KEYS if key)
    assert types["o"] == f"struct<{fields}>"
    assert types["l"] == f"array<struct<{fields},m:int>>"


def test_parquet(crawl: Crawl) -> None:
    buffer = BytesIO()
    pq.write_table(pa.table({"Name": ["a", "b"], "n": pa.array([1, 2], pa.int32())}), buffer)
    key = "logs/day=2025-03-01/a.parquet"
    crawl.s3.put_object(Bucket=crawl.name, Key=key, Body=buffer.getvalue())
    crawl.create()
    crawl.succeed()
    table = crawl.table()
    assert crawl.columns() == [("name", "string"), ("n", "int")]
    assert table["Parameters"]["classification"] == "parquet"
    assert table["Parameters"]["recordCount"] == "2"
    assert table["StorageDescriptor"]["SerdeInfo"] == {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "Parameters": {"serialization.format": "1"},
    }
    assert crawl.query("select name, n, day from logs order by n desc") == [
        ["b", "2", "2025-03-01"],
        ["a", "1", "2025-03-01"],
    ]
    before = crawl.table()
    crawl.succeed()
    assert crawl.table() == before


def test_nothing_there_is_no_table(crawl: Crawl) -> None:
    crawl.create()
    crawl.succeed()
    assert crawl.tables() == []


def test_failures_name_the_object(crawl: Crawl) -> None:
    crawl.create()
    crawl.put("logs/a.csv", "a,b", "1,2")
    assert f"s3://{crawl.name}/logs/a.csv holds no JSON documents" in crawl.fail()

    crawl.s3.delete_object(Bucket=crawl.name, Key="logs/a.csv")
    crawl.put("logs/a.json", event(1))
    crawl.put("logs/b.json.gz", event(2))
    message = crawl.fail()
    assert f"s3://{crawl.name}/logs/a.json and the objects beside it" in message
    assert "gzip, none" in message

    crawl.s3.delete_object(Bucket=crawl.name, Key="logs/b.json.gz")
    crawl.put("logs/day=1/b.json", event(2))
    assert f"s3://{crawl.name}/logs/ has folders of different keys" in crawl.fail()
    assert crawl.tables() == []

    crawl.s3.delete_object(Bucket=crawl.name, Key="logs/day=1/b.json")
    crawl.succeed()
    assert crawl.tables() == ["logs"]


def test_what_a_crawler_cannot_do_fails(crawl: Crawl) -> None:
    crawl.put("logs/a.json", event(1))
    crawl.create(Classifiers=["mine"])
    assert "Classifiers" in crawl.fail()
    jdbc = {"JdbcTargets": [{"ConnectionName": "c", "Path": "p"}]}
    crawl.glue.update_crawler(Name=crawl.name, Classifiers=[], Targets=jdbc)
    assert "JdbcTargets are not supported" in crawl.fail()
    target = {"S3Targets": [{"Path": "s3://nobodys-bucket-at-all/x/"}]}
    crawl.glue.update_crawler(Name=crawl.name, Targets=target)
    assert "nobodys-bucket-at-all" in crawl.fail()
    target = {"S3Targets": [{"Path": f"s3://{crawl.name}/logs/"}]}
    crawl.glue.update_crawler(Name=crawl.name, Targets=target, DatabaseName="nowhere")
    assert "database nowhere does not exist" in crawl.fail()
    assert crawl.tables() == []


def test_a_table_of_another_place_is_left_alone(crawl: Crawl) -> None:
    crawl.put("logs/a.json", event(1))
    crawl.put("else/logs/a.json", {"x": 1})
    paths = [f"s3://{crawl.name}/logs/", f"s3://{crawl.name}/else/logs/"]
    crawl.create(Targets={"S3Targets": [{"Path": path} for path in paths]})
    message = crawl.fail()
    assert all(path in message for path in paths)
    assert "TablePrefix" in message
    assert crawl.table()["StorageDescriptor"]["Location"] == paths[0]
    assert ("x", "int") not in crawl.columns()


def test_other_partition_keys_than_the_table(crawl: Crawl) -> None:
    crawl.put("logs/day=1/a.json", event(1))
    crawl.create()
    crawl.succeed()
    crawl.s3.delete_object(Bucket=crawl.name, Key="logs/day=1/a.json")
    crawl.put("logs/hour=1/a.json", event(1))
    assert "other partition keys" in crawl.fail()


def test_the_life_of_a_crawler(crawl: Crawl) -> None:
    crawl.create(Description="first")
    with refused("AlreadyExistsException"):
        crawl.create()
    crawler = crawl.glue.get_crawler(Name=crawl.name)["Crawler"]
    assert (crawler["State"], crawler["Version"]) == ("READY", 1)
    assert "LastCrawl" not in crawler
    crawl.glue.update_crawler(Name=crawl.name, Description="second")
    crawl.succeed()
    found = crawl.glue.batch_get_crawlers(CrawlerNames=["nobody", crawl.name])
    assert found["CrawlersNotFound"] == ["nobody"]
    [crawler] = found["Crawlers"]
    assert (crawler["Description"], crawler["Version"]) == ("second", 2)
    assert crawler["LastCrawl"]["Status"] == "SUCCEEDED"
    assert crawl.name in crawl.glue.list_crawlers(MaxResults=1000)["CrawlerNames"]
    with refused("CrawlerNotRunningException"):
        crawl.glue.stop_crawler(Name=crawl.name)
    crawl.glue.delete_crawler(Name=crawl.name)
    for action in ("start_crawler", "get_crawler", "delete_crawler"):
        with refused("EntityNotFoundException"):
            getattr(crawl.glue, action)(Name=crawl.name)


def test_a_running_crawler(
    context: Context, reopen: Callable[[], Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One crawl is held at its first table; `reopen` is the endpoint after a restart."""
    import threading

    from localaws.crawler import layout

    at_work, go_on = threading.Event(), threading.Event()
    tables = layout.tables

    def held(*args: Any) -> Any:
        at_work.set()
        go_on.wait(30)
        return tables(*args)

    monkeypatch.setattr(layout, "tables", held)
    context.store.create_bucket("lake")
    context.store.put_bytes("lake", "logs/a.json", b'{"x": 1}')
    context.catalog.create_database({"Name": "db"})
    targets = {"S3Targets": [{"Path": "s3://lake/logs/"}]}
    with context.catalog.mutation():
        context.catalog.backend.create_crawler(
            "c", "role", "db", "", targets, "", [], "", {}, {}, {}, "", "", {}
        )
    service = CrawlerService(context)
    ask = {"Name": "c"}
    service.actions["StartCrawler"](ask, context)
    assert at_work.wait(30)
    assert service.actions["GetCrawler"](ask, context)["Crawler"]["State"] == "RUNNING"
    for action in ("StartCrawler", "UpdateCrawler", "DeleteCrawler"):
        with pytest.raises(Exception, match=r"already started|is running") as error:
            service.actions[action](ask, context)
        assert error.value.code == "CrawlerRunningException"
    service.actions["StopCrawler"](ask, context)
    assert service.actions["GetCrawler"](ask, context)["Crawler"]["State"] == "STOPPING"
    go_on.set()
    service.close()
    crawler = service.actions["GetCrawler"](ask, context)["Crawler"]
    assert (crawler["State"], crawler["LastCrawl"]["Status"]) == ("READY", "CANCELLED")
    assert context.catalog.tables("db") == []

    again = CrawlerService(reopen())
    crawler = again.actions["GetCrawler"](ask, again._context)["Crawler"]
    assert (crawler["State"], crawler["LastCrawl"]["Status"]) == ("READY", "CANCELLED")


def test_odd_lines_fail_neither_the_crawl_nor_its_table(crawl: Crawl) -> None:
    deep = b'{"user_id":2,"deep":' + b"[" * 5000 + b"]" * 5000 + b"}"
    lines = [b'{"user_id":1}', b'{"user_id":3,"n":"\xff"}', b"\0" * 9, b'{"user_id":4}\r{', deep]
    crawl.s3.put_object(
        Bucket=crawl.name, Key="logs/a.json.gz", Body=gzip.compress(b"\n".join(lines))
    )
    crawl.create()
    crawl.succeed()
    table = crawl.table()
    serde = table["StorageDescriptor"]["SerdeInfo"]
    serde["Parameters"]["ignore.malformed.json"] = "true"
    kept = ("Name", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
    crawl.glue.update_table(
        DatabaseName=crawl.database, TableInput={name: table[name] for name in kept}
    )
    rows = crawl.query("SELECT user_id, n FROM logs ORDER BY 1")
    assert rows == [["1", None], ["2", None], ["3", "\ufffd"], ["4", None], *[[None, None]] * 2]
    assert len(crawl.query("SELECT * FROM logs")) == 6
