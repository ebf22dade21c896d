"""Scripts as AWS documents them, over our own `awsglue`, in real job runs.

The first is the seed system's kind of job in AWS's documented style; its text was not to be had
here. Expected names and columns: the Glue developer guide's pages of each class.
"""

import importlib.util
import json
import textwrap
from collections.abc import Callable
from typing import Any

import pytest
from botocore.client import BaseClient

from tests.localaws.test_jobs import Jobs, log

pytestmark = pytest.mark.slow

EVENTS = [
    {"event_id": "a", "user_id": 1, "action": "login", "timestamp": "2025-01-01T10:00:00Z",
     "metadata": {"device": "mobile", "location": "US"}},
    {"event_id": "b", "user_id": 1, "action": "logout", "timestamp": "2025-01-01T11:00:00Z",
     "metadata": {"device": "mobile", "location": "EU"}},
    {"event_id": "c", "user_id": 2, "action": "purchase", "timestamp": "2025-01-01T12:00:00Z",
     "metadata": {"device": "tablet", "location": "ASIA",
                  "items": [{"sku": "x", "quantity": 1}, {"sku": "y", "quantity": 2}]}},
]  # fmt: skip

SEED = """
    import sys
    from awsglue.transforms import *
    from awsglue.utils import getResolvedOptions
    from pyspark.context import SparkContext
    from awsglue.context import GlueContext
    from awsglue.job import Job

    args = getResolvedOptions(sys.argv, ['JOB_NAME', 'bucket'])
    sc = SparkContext()
    glueContext = GlueContext(sc)
    spark = glueContext.spark_session
    job = Job(glueContext)
    job.init(args['JOB_NAME'], args)

    datasource0 = glueContext.create_dynamic_frame.from_catalog(
        database=args['bucket'].replace('-', '_'), table_name="logs",
        transformation_ctx="datasource0")
    flattened = datasource0.relationalize("user_activity", "s3://%s/temp/" % args['bucket'])
    root = flattened.select("user_activity")
    cleaned = Filter.apply(frame=root, f=lambda x: x["action"] != "logout")
    glueContext.write_dynamic_frame.from_options(
        frame=cleaned, connection_type="s3",
        connection_options={"path": "s3://%s/cleaned/" % args['bucket']},
        format="json", transformation_ctx="datasink")
    job.commit()
"""

# Prints one JSON object, by which each part is looked at.
DOCUMENTED = """
    import json, sys
    from awsglue.context import GlueContext
    from awsglue.dynamicframe import DynamicFrame
    from awsglue.job import Job
    from awsglue.transforms import *
    from awsglue.utils import GlueArgumentError, getResolvedOptions
    from pyspark.context import SparkContext

    args = getResolvedOptions(sys.argv, ["JOB_NAME", "bucket", "day-count"])
    glueContext = GlueContext(SparkContext.getOrCreate())
    spark = glueContext.spark_session
    job = Job(glueContext)
    job.init(args["JOB_NAME"], args)
    bucket, found = args["bucket"], {"day_count": args["day_count"]}
    database = bucket.replace("-", "_")

    def rows(frame):
        return sorted((row.asDict(recursive=True) for row in frame.toDF().collect()), key=str)

    logs = glueContext.create_dynamic_frame.from_catalog(database=database, table_name="logs")
    found["columns"] = logs.toDF().columns
    one_day = glueContext.create_dynamic_frame.from_catalog(
        database=database, table_name="logs", push_down_predicate="day = '2025-01-02'")
    found["one day"] = one_day.count()

    tables = Relationalize.apply(frame=logs, staging_path="s3://x/", name="l_root")
    found["tables"] = {name: rows(tables[name]) for name in tables.keys()}
    found["unnested"] = sorted(UnnestFrame.apply(frame=logs).toDF().columns)

    mapped = ApplyMapping.apply(frame=logs, mappings=[
        ("event_id", "string", "id", "string"), ("user_id", "int", "user", "string"),
        ("metadata.device", "string", "client.kind", "string"), ("nowhere", "int", "x", "int")])
    found["mapped"] = rows(mapped)
    found["cast"] = dict(logs.resolveChoice(specs=[("user_id", "cast:string")]).toDF().dtypes)["user_id"]
    people = glueContext.create_dynamic_frame.from_options(
        connection_type="s3", connection_options={"paths": ["s3://%s/people/" % bucket]},
        format="csv", format_options={"withHeader": True})
    found["people"] = rows(DropNullFields.apply(frame=people))
    joined = Join.apply(logs.select_fields(["event_id", "user_id"]),
                        people.resolveChoice(specs=[("user_id", "cast:long")]), "user_id", "user_id")
    found["joined"] = rows(DropFields.apply(frame=joined, paths=["`.user_id`", "note"]))
    found["selected"] = rows(SelectFields.apply(frame=logs, paths=["metadata.location", "event_id"]))
    found["renamed"] = RenameField.apply(frame=people, old_name="name", new_name="who").toDF().columns

    def doubled(record):
        record["twice"] = {"id": record["user_id"] * 2}
        return record
    found["doubled"] = [row["twice"]["id"] for row in rows(Map.apply(frame=logs, f=doubled))]

    frame = DynamicFrame.fromDF(mapped.toDF().filter("user = '1'"), glueContext, "users")
    glueContext.write_dynamic_frame.from_options(
        frame=frame, connection_type="s3", format="parquet",
        connection_options={"path": "s3://%s/out/" % bucket, "partitionKeys": ["user"]})

    refused = {}
    for name, attempt in {
        "jdbc": lambda: glueContext.write_dynamic_frame.from_jdbc_conf(frame, "c"),
        "spigot": lambda: frame.spigot("s3://x/"),
        "make_cols": lambda: frame.resolveChoice(choice="make_cols"),
        "ion": lambda: glueContext.create_dynamic_frame.from_options("s3", {"paths": ["x"]}, "ion"),
        "option": lambda: frame.select_fields(["id"], nonsense=1),
        "missing": lambda: getResolvedOptions(["x"], ["needed"]),
    }.items():
        try:
            attempt()
        except (NotImplementedError, GlueArgumentError) as error:
            refused[name] = str(error)
    found["refused"] = refused
    print("FOUND " + json.dumps(found))
    job.commit()
"""


@pytest.fixture
def lake(client: Callable[..., BaseClient], unique: str) -> Jobs:
    """A partitioned table `logs` of JSON documents, and people as CSV."""
    jobs = Jobs(client("glue"), client("s3"), unique)
    columns = [("event_id", "string"), ("user_id", "int"), ("action", "string")]
    serde = {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"}
    storage = {
        "Columns": [{"Name": name, "Type": type_} for name, type_ in columns],
        "Location": f"s3://{unique}/logs/",
        "SerdeInfo": serde,
    }
    database = unique.replace("-", "_")
    jobs.glue.create_database(DatabaseInput={"Name": database})
    keys = [{"Name": "day", "Type": "string"}]
    table = {"Name": "logs", "StorageDescriptor": storage, "PartitionKeys": keys}
    jobs.glue.create_table(DatabaseName=database, TableInput=table)
    for day, events in (("2025-01-01", EVENTS[:2]), ("2025-01-02", EVENTS[2:])):
        body = "".join(json.dumps(event) + "\n" for event in events)
        jobs.put(f"logs/day={day}/a.json", body)
        place = {**storage, "Location": f"s3://{unique}/logs/day={day}/"}
        jobs.glue.create_partition(
            DatabaseName=database,
            TableName="logs",
            PartitionInput={"Values": [day], "StorageDescriptor": place},
        )
    jobs.put("people/a.csv", "user_id,name,note\n1,Ann,\n2,Bo,\n")
    return jobs


def documents(jobs: Jobs, prefix: str) -> list[dict[str, Any]]:
    listed = jobs.s3.list_objects_v2(Bucket=jobs.name, Prefix=prefix)["Contents"]
    bodies = [
        jobs.s3.get_object(Bucket=jobs.name, Key=each["Key"])["Body"].read() for each in listed
    ]
    return [json.loads(line) for body in bodies for line in body.splitlines()]


def ran(jobs: Jobs, script: str, **arguments: str) -> dict[str, Any]:
    jobs.create(textwrap.dedent(script), DefaultArguments=arguments)
    run = jobs.run()
    assert run["JobRunState"] == "SUCCEEDED", log(run)[-3000:]
    return run


def test_a_job_that_flattens_logs(lake: Jobs, client: Callable[..., BaseClient]) -> None:
    ran(lake, SEED, **{"--bucket": lake.name})
    found = sorted(documents(lake, "cleaned/"), key=lambda each: each["event_id"])
    assert [each["event_id"] for each in found] == ["a", "c"]
    assert found[0] == {
        "event_id": "a", "user_id": 1, "action": "login", "timestamp": "2025-01-01T10:00:00Z",
        "metadata.device": "mobile", "metadata.location": "US", "day": "2025-01-01",
    }  # fmt: skip
    assert isinstance(found[1]["metadata.items"], int)
    athena = client("athena")

    def query(sql: str) -> list[list[str | None]]:
        id_ = athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": lake.name.replace("-", "_")},
            ResultConfiguration={"OutputLocation": f"s3://{lake.name}/results/"},
        )["QueryExecutionId"]
        status = athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"]["Status"]
        while status["State"] in ("QUEUED", "RUNNING"):
            status = athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"]["Status"]
        assert status["State"] == "SUCCEEDED", status
        rows = athena.get_query_results(QueryExecutionId=id_)["ResultSet"]["Rows"]
        return [[each.get("VarCharValue") for each in row["Data"]] for row in rows][1:]

    columns = "event_id string, user_id int, action string, `timestamp` string"
    serde = "row format serde 'org.openx.data.jsonserde.JsonSerDe'"
    place = f"location 's3://{lake.name}/cleaned/'"
    nested = "metadata struct<device:string,location:string>"
    query(f"create external table seed ({columns}, {nested}) {serde} {place}")
    assert query("select event_id, user_id, action, metadata from seed order by 1") == [
        ["a", "1", "login", None],  # the keys of the output have dots
        ["c", "2", "purchase", None],
    ]
    dots = "with serdeproperties ('dots.in.keys' = 'true')"
    flat = "metadata_device string, metadata_location string"
    query(f"create external table flat ({columns}, {flat}) {serde} {dots} {place}")
    assert query("select event_id, metadata_device, metadata_location from flat order by 1") == [
        ["a", "mobile", "US"],
        ["c", "tablet", "ASIA"],
    ]


def test_what_aws_documents(lake: Jobs) -> None:
    run = ran(lake, DOCUMENTED, **{"--bucket": lake.name, "--day-count": "2"})
    (line,) = [each for each in log(run).splitlines() if each.startswith("FOUND ")]
    found = json.loads(line.removeprefix("FOUND "))
    assert found["day_count"] == "2"
    assert found["columns"][-1] == "day"
    assert found["one day"] == 1
    tables = found["tables"]
    assert tables.keys() == {"l_root", "l_root_metadata.items"}
    (joined,) = [
        row["metadata.items"] for row in tables["l_root"] if row["metadata.items"] is not None
    ]
    assert tables["l_root_metadata.items"] == [
        {"id": joined, "index": index, "metadata.items.val.quantity": index + 1,
         "metadata.items.val.sku": sku}
        for index, sku in enumerate("xy")
    ]  # fmt: skip
    assert {"metadata.device", "metadata.location", "metadata.items"} <= set(found["unnested"])
    assert found["mapped"][0] == {"id": "a", "user": "1", "client": {"kind": "mobile"}}
    assert found["cast"] == "string"
    assert found["people"] == [{"user_id": "1", "name": "Ann"}, {"user_id": "2", "name": "Bo"}]
    assert found["joined"] == [
        {"event_id": "a", "user_id": 1, "name": "Ann"},
        {"event_id": "b", "user_id": 1, "name": "Ann"},
        {"event_id": "c", "user_id": 2, "name": "Bo"},
    ]
    assert {"metadata": {"location": "US"}, "event_id": "a"} in found["selected"]
    assert found["renamed"] == ["user_id", "who", "note"]
    assert found["doubled"] == [2, 2, 4]
    refused = {name: text.removeprefix("awsglue: ") for name, text in found["refused"].items()}
    assert refused == {
        "jdbc": "write_dynamic_frame.from_jdbc_conf is not supported locally",
        "spigot": "DynamicFrame.spigot is not supported locally",
        "make_cols": "resolveChoice make_cols is not supported locally",
        "ion": "reading format ion is not supported locally",
        "option": "option nonsense is not supported locally",
        "missing": "the following arguments are required: --needed",
    }
    listed = lake.s3.list_objects_v2(Bucket=lake.name, Prefix="out/")["Contents"]
    data = [each["Key"] for each in listed if each["Key"].endswith(".parquet")]
    assert data
    assert all(key.startswith("out/user=1/") for key in data)


def test_the_package_is_on_the_path_of_jobs_alone() -> None:
    assert importlib.util.find_spec("awsglue") is None
