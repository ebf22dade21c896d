"""Results: objects, pages, ColumnInfo, statistics, error types.

Expected values: types and `.metadata` bytes, pages, messages and AthenaError numbers as measured on
Athena by aoyagikouhei/athena-local (docs/dev/measurements); field numbers as read by
burtcorp/athena-jdbc (AthenaMetaDataParser).
"""

import json

import pytest
from botocore.exceptions import ClientError

from localaws.athena.outcome import Outcome
from localaws.athena.result_metadata import column_infos, metadata
from localaws.sql.types import Type


def body(athena, key: str) -> bytes:
    return athena.s3.get_object(Bucket=athena.bucket, Key=f"results/{key}")["Body"].read()


def keys(athena) -> list[str]:
    found = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix="results/").get("Contents", [])
    return [each["Key"].removeprefix("results/") for each in found]


def location(athena, execution) -> str:
    whole = execution["ResultConfiguration"]["OutputLocation"]
    return whole.removeprefix(f"s3://{athena.bucket}/results/")


# type -> Type, Precision, Scale, CaseSensitive of its ColumnInfo
@pytest.mark.parametrize(
    ("value", "info"),
    [
        ("CAST(1 AS tinyint)", ("tinyint", 3, 0, False)),
        ("CAST(1 AS smallint)", ("smallint", 5, 0, False)),
        ("1", ("integer", 10, 0, False)),
        ("BIGINT '1'", ("bigint", 19, 0, False)),
        ("CAST(1 AS real)", ("float", 17, 0, False)),
        ("1e0", ("double", 17, 0, False)),
        ("CAST(1 AS decimal(10,2))", ("decimal", 10, 2, False)),
        ("true", ("boolean", 0, 0, False)),
        ("'abc'", ("varchar", 3, 0, True)),
        ("CAST('a' AS varchar)", ("varchar", 2147483647, 0, True)),
        ("CAST('a' AS char(5))", ("char", 5, 0, True)),
        ("DATE '2020-01-01'", ("date", 0, 0, False)),
        ("TIMESTAMP '2020-01-01 00:00:00.123456'", ("timestamp", 3, 0, False)),
        ("X'01'", ("varbinary", 1073741824, 0, False)),
        ("ARRAY[1]", ("array", 0, 0, False)),
        ("MAP(ARRAY['a'], ARRAY[1])", ("map", 0, 0, False)),
        ("ROW(1, 'a')", ("row", 0, 0, False)),
    ],
)
def test_column_info_of_each_type(athena, value, info) -> None:
    id_ = athena.start(f"SELECT {value} AS c")
    assert athena.execution(id_)["Status"]["State"] == "SUCCEEDED"
    results = athena.client.get_query_results(QueryExecutionId=id_)
    (column,) = results["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert (
        column["Type"], column["Precision"], column["Scale"], column["CaseSensitive"]
    ) == info  # fmt: skip
    assert (column["CatalogName"], column["SchemaName"], column["TableName"]) == ("hive", "", "")
    assert (column["Name"], column["Label"], column["Nullable"]) == ("c", "c", "UNKNOWN")
    assert results["UpdateCount"] == 0


def fields(message: bytes) -> list[tuple[int, int | bytes]]:
    """A second reader of Protocol Buffers: (field number, varint or bytes) in their order."""
    found, at = [], 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            value |= (message[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if not message[at - 1] & 0x80:
                return value

    while at < len(message):
        tag = varint()
        assert tag & 7 in (0, 2)
        if tag & 7:
            size = varint()
            found.append((tag >> 3, message[at : at + size]))
            at += size
        else:
            found.append((tag >> 3, varint()))
    return found


def test_metadata_bytes_of_an_update_are_athenas() -> None:
    # All of its bytes but the id: as measured.
    outcome = Outcome("DML", "UPDATE", update_count=2)
    written = metadata("20260917_085915_00133_pqi84", column_infos(outcome), ("UPDATE", 2))
    assert written.hex() == (
        "0a1b32303236303931375f3038353931355f30303133335f7071693834120655"
        "5044415445180222220a04686976652204726f77732a04726f77733206626967"
        "696e743813400048035000"
    )


def test_metadata_bytes_of_columns_are_athenas() -> None:
    columns = [("i", "integer"), ("b", "boolean"), ("dt", "date"), ("j", "json")]
    outcome = Outcome("DML", "SELECT", [(name, Type(base)) for name, base in columns])
    written = metadata("q1", column_infos(outcome))
    assert written.hex() == (
        "0a027131"
        "221d0a04686976652201692a01693207696e7465676572380a400048035000"
        "22190a04686976652201622a01623207626f6f6c65616e48035000"
        "221a0a04686976652202"
        "64742a02647432046461746540004803"
        "5000"
        "22140a046869766522016a2a016a32046a736f6e4803"
    )


def test_every_query_has_a_metadata_object(athena) -> None:
    long = "n" * 130
    id_ = athena.start(f"SELECT CAST(1.5 AS decimal(38,3)) AS {long}, 'x' AS \"größe\"")
    athena.execution(id_)
    (one, columns) = (
        [v for n, v in fields(body(athena, f"{id_}.csv.metadata")) if n == 1],
        [dict(fields(v)) for n, v in fields(body(athena, f"{id_}.csv.metadata")) if n == 4],
    )
    assert one == [id_.encode()]
    assert columns[0] == {
        1: b"hive", 4: long.encode(), 5: long.encode(), 6: b"decimal", 7: 38, 8: 3, 9: 3, 10: 0,
    }  # fmt: skip
    assert columns[1][4] == "größe".encode()
    assert (columns[1][6], columns[1][7], columns[1][10]) == (b"varchar", 1, 1)


def test_names_and_objects_of_each_kind_of_statement(athena) -> None:
    place = f"s3://{athena.bucket}/t/"
    statements = {
        f"CREATE TABLE t WITH (table_type = 'ICEBERG', is_external = false, location = '{place}')"
        " AS SELECT 1 AS n": ("tables/{}", "tables/{}.metadata", 1),
        "INSERT INTO t VALUES (2), (3)": ("{}", "{}.metadata", 2),
        "UPDATE t SET n = 4 WHERE n = 3": ("{}.csv", "{}.csv.metadata", 1),
        "DELETE FROM t WHERE n = 9": ("{}.csv", "{}.csv.metadata", 0),
    }
    for sql, (place, only, count) in statements.items():
        before = set(keys(athena))
        id_ = athena.start(sql)
        execution = athena.execution(id_)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        assert location(athena, execution) == place.format(id_)
        assert set(keys(athena)) - before == {only.format(id_)}
        results = athena.client.get_query_results(QueryExecutionId=id_)
        assert results["UpdateCount"] == count
        assert results["ResultSet"]["Rows"] == []
        (column,) = results["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
        assert (column["Name"], column["Type"]) == ("rows", "bigint")
        written = dict(fields(body(athena, only.format(id_))))
        verb = "CREATE TABLE" if sql.startswith("CREATE") else sql.split()[0]
        assert (written[2], written[3]) == (verb.encode(), count)

    id_ = athena.start("SHOW TABLES")
    assert location(athena, athena.execution(id_)) == f"{id_}.txt"
    assert body(athena, f"{id_}.txt") == b"t"
    results = athena.client.get_query_results(QueryExecutionId=id_)
    assert [row["Data"] for row in results["ResultSet"]["Rows"]] == [[{"VarCharValue": "t"}]]
    (column,) = results["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert (column["Name"], column["Type"], column["Precision"], column["CaseSensitive"]) == (
        "tab_name", "string", 0, False,
    )  # fmt: skip
    id_ = athena.start("DROP TABLE t")
    execution = athena.execution(id_)
    assert location(athena, execution) == f"{id_}.txt"
    results = athena.client.get_query_results(QueryExecutionId=id_)
    assert "UpdateCount" not in results
    assert execution["Statistics"]["DataScannedInBytes"] == 0


def test_what_is_written_into_hive_folders_has_a_manifest(athena) -> None:
    """Source: awswrangler's and PyAthena's tests of empty results; measurements/result-files.md
    (an INSERT of no rows, Iceberg)."""
    place = f"s3://{athena.bucket}"
    cases = (
        (f"CREATE TABLE h WITH (external_location = '{place}/h/') AS SELECT 1 AS n", 1),
        (f"CREATE TABLE e WITH (external_location = '{place}/e/') AS SELECT 1 AS n WHERE 1 = 0", 0),
        (
            f"CREATE TABLE p WITH (external_location = '{place}/p/', partitioned_by = ARRAY['k']) "
            "AS SELECT 1 AS n, 'x' AS k WHERE 1 = 0",
            0,
        ),
        ("INSERT INTO h VALUES 2", 1),
        ("INSERT INTO h SELECT 3 WHERE 1 = 0", None),
        (f"UNLOAD (SELECT 1 AS n) TO '{place}/u/' WITH (format = 'PARQUET')", 1),
        (f"UNLOAD (SELECT 1 AS n WHERE 1 = 0) TO '{place}/v/' WITH (format = 'PARQUET')", 0),
        (
            "CREATE TABLE i WITH (table_type = 'ICEBERG', is_external = false, "
            f"location = '{place}/i/') AS SELECT 1 AS n WHERE 1 = 0",
            None,
        ),
    )
    for sql, objects in cases:
        execution = athena.execution(athena.start(sql))
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        output = execution["ResultConfiguration"]["OutputLocation"]
        expected = None if objects is None else f"{output}-manifest.csv"
        assert execution["Statistics"].get("DataManifestLocation") == expected, sql
        found = f"{location(athena, execution)}-manifest.csv" in keys(athena)
        assert found == (objects is not None), sql
        if found:
            listed = body(athena, f"{location(athena, execution)}-manifest.csv").decode().split()
            assert len(listed) == objects, sql
            for each in listed:
                athena.s3.head_object(Bucket=athena.bucket, Key=each.removeprefix(f"{place}/"))


def test_pages(athena) -> None:
    id_ = athena.start("SELECT n FROM UNNEST(sequence(1, 5)) AS t(n)")
    athena.execution(id_)
    get = athena.client.get_query_results
    first = get(QueryExecutionId=id_, MaxResults=3)
    second = get(QueryExecutionId=id_, MaxResults=3, NextToken=first["NextToken"])
    # A full page has a token, even where nothing is left.
    third = get(QueryExecutionId=id_, MaxResults=3, NextToken=second["NextToken"])
    values = [
        row["Data"][0]["VarCharValue"]
        for page in (first, second, third)
        for row in page["ResultSet"]["Rows"]
    ]
    assert values == ["n", "1", "2", "3", "4", "5"]
    assert third["ResultSet"]["Rows"] == []
    assert "NextToken" not in third
    for token in ("not-a-token", "1", "99999999"):
        if token == "99999999":
            continue
        with pytest.raises(ClientError, match=f"Malformed nextPageToken {token}"):
            get(QueryExecutionId=id_, NextToken=token)


@pytest.mark.parametrize(
    ("max_results", "message"),
    [
        (1001, ": MaxResults is more than maximum allowed length 1000$"),
        (0, "Value at 'maxResults' failed to satisfy constraint: Member must have value greater"),
    ],
)
def test_page_sizes(athena, endpoint, max_results, message) -> None:
    id_ = athena.start("SELECT 1")
    athena.execution(id_)
    with pytest.raises(ClientError, match=message):
        unchecked(endpoint).get_query_results(QueryExecutionId=id_, MaxResults=max_results)


def unchecked(endpoint):
    """A client that sends what its own checks would stop."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "athena",
        endpoint_url=endpoint.url,
        region_name=endpoint.region,
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(parameter_validation=False, retries={"max_attempts": 0}),
    )


@pytest.mark.parametrize(
    ("sql", "type_"),
    [
        ("SELECT 1/0", 1001),
        ("SELECT 1 = 'a'", 1002),
        ("SELECT nope FROM (SELECT 1 AS a)", 1006),
        ("SELECT CAST('x' AS integer)", 1100),
        ("SELECT * FROM nowhere", 1301),
        ("SELECT nosuchfunction(1)", 1303),
    ],
)
def test_error_types(athena, sql, type_) -> None:
    status = athena.execution(athena.start(sql))["Status"]
    error = status["AthenaError"]
    assert (error["ErrorCategory"], error["ErrorType"], error["Retryable"]) == (2, type_, False)
    assert error["ErrorMessage"] == status["StateChangeReason"]


def test_runtime_statistics(athena) -> None:
    rows = athena(f"CREATE TABLE h WITH (external_location = 's3://{athena.bucket}/h/') AS "
                  "SELECT n FROM UNNEST(sequence(1, 1000)) AS t(n)")  # fmt: skip
    assert rows == []
    id_ = athena.start("SELECT n FROM h WHERE n > 10")
    execution = athena.execution(id_)
    statistics = athena.client.get_query_runtime_statistics(QueryExecutionId=id_)
    found = statistics["QueryRuntimeStatistics"]
    assert found["Rows"]["OutputRows"] == 990
    assert found["Rows"]["InputBytes"] == execution["Statistics"]["DataScannedInBytes"] > 0
    assert found["Rows"]["OutputBytes"] == len(body(athena, f"{id_}.csv"))
    timeline, total = found["Timeline"], execution["Statistics"]["TotalExecutionTimeInMillis"]
    assert timeline["TotalExecutionTimeInMillis"] == total
    assert timeline["QueryQueueTimeInMillis"] + timeline["EngineExecutionTimeInMillis"] <= total + 1


def test_what_a_query_was_asked_with_is_shown(athena) -> None:
    id_ = athena.client.start_query_execution(
        QueryString="SELECT 1",
        QueryExecutionContext={"Database": "Default", "Catalog": "AwsDataCatalog"},
        ResultConfiguration={
            "OutputLocation": f"s3://{athena.bucket}/results",
            "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
            "AclConfiguration": {"S3AclOption": "BUCKET_OWNER_FULL_CONTROL"},
        },
    )["QueryExecutionId"]
    execution = athena.execution(id_)
    context = {"Database": "Default", "Catalog": "awsdatacatalog"}
    assert execution["QueryExecutionContext"] == context
    configuration = execution["ResultConfiguration"]
    assert configuration["EncryptionConfiguration"] == {"EncryptionOption": "SSE_S3"}
    assert configuration["OutputLocation"] == f"s3://{athena.bucket}/results/{id_}.csv"
    assert execution["EngineVersion"]["EffectiveEngineVersion"] == "Athena engine version 3"


def test_history_in_pages_and_in_batches(athena, unique) -> None:
    athena.client.create_work_group(Name=unique)
    ids = [athena.start(f"SELECT {n}", WorkGroup=unique) for n in range(5)]
    seen, token = [], {}
    while True:
        page = athena.client.list_query_executions(WorkGroup=unique, MaxResults=2, **token)
        seen += page["QueryExecutionIds"]
        # One more in front of it between two pages neither repeats nor hides another.
        athena.start("SELECT 'late'", WorkGroup=unique)
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == ids[::-1]
    missing = "00000000-0000-0000-0000-000000000000"
    batch = athena.client.batch_get_query_execution(QueryExecutionIds=[*ids, missing])
    assert [each["QueryExecutionId"] for each in batch["QueryExecutions"]] == ids
    (unprocessed,) = batch["UnprocessedQueryExecutionIds"]
    assert unprocessed["QueryExecutionId"] == missing
    assert unprocessed["ErrorCode"] == "QUERY_EXECUTION_NOT_FOUND"


def test_execution_parameters(athena) -> None:
    id_ = athena.start("SELECT ? + ?", ExecutionParameters=["1", "2"])
    execution = athena.execution(id_)
    assert execution["ExecutionParameters"] == ["1", "2"]
    rows = athena.client.get_query_results(QueryExecutionId=id_)["ResultSet"]["Rows"]
    assert rows[1]["Data"] == [{"VarCharValue": "3"}]


@pytest.mark.parametrize(
    ("target", "body_", "code", "message"),
    [
        ("AmazonAthena.GetQueryExecution", b"{", "SerializationException", ""),
        ("AmazonAthena.GetQueryExecution", b"[]", "SerializationException", "Start of list found where not expected"),
        ("AmazonAthena.GetQueryExecution", b"{}", "InvalidRequestException", "1 validation error detected: Value null at 'queryExecutionId' failed to satisfy constraint: Member must not be null"),
        ("AmazonAthena.GetQueryExecution", b'{"QueryExecutionId": 1}', "SerializationException", "NUMBER_VALUE can not be converted to a String"),
        ("AmazonAthena.GetQueryExecution", b'{"QueryExecutionId": true}', "SerializationException", "TRUE_VALUE can not be converted to a String"),
        ("AmazonAthena.ListWorkGroups", b'{"MaxResults": "1"}', "SerializationException", "STRING_VALUE can not be converted to an Integer"),
        ("AmazonAthena.ListWorkGroups", b'{"MaxResults": {}}', "SerializationException", "Start of structure or map found where not expected."),
        ("AmazonAthena.ListWorkGroups", b'{"MaxResults": 51}', "InvalidRequestException", "1 validation error detected: Value at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 50"),
        ("AmazonAthena.ListWorkGroups", b'{"NextToken": "x"}', "InvalidRequestException", "The nextPageToken is malformed: x"),
        ("AmazonAthena.ListWorkGroups", b'{"MaxResults": 0, "NextToken": ""}', "InvalidRequestException", "2 validation errors detected: "),
        ("AmazonAthena.StartQueryExecution", b'{"QueryString": "SELECT 1"}', "InvalidRequestException", "clientRequestToken is null or empty"),
        ("AmazonAthena.StartQueryExecution", b'{"QueryString": "SELECT 1", "ClientRequestToken": "short"}', "InvalidRequestException", "Value at 'clientRequestToken' failed to satisfy constraint: Member must have length greater than or equal to 32"),
        ("AmazonAthena.StartQueryExecution", b'{"QueryString": "SELECT 1", "ResultConfiguration": "s3://"}', "SerializationException", "Expected null"),
        ("AmazonAthena.Nothing", b"{}", "UnknownOperationException", "Nothing"),
        ("AWSGlue.GetTable", b'{"DatabaseName": "d"}', "ValidationException", "Value null at 'name' failed"),
        ("AWSGlue.BatchCreatePartition", b'{"DatabaseName": "d", "TableName": "t", "PartitionInputList": [{"Values": [1]}]}', "SerializationException", "NUMBER_VALUE"),
        ("AWSGlue.Nothing", b"{}", "UnknownOperationException", "Nothing"),
    ],
)  # fmt: skip
def test_malformed_requests_are_never_a_500(endpoint, target, body_, code, message) -> None:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    service = "glue" if target.startswith("AWSGlue") else "athena"
    scope = f"key/20260101/{endpoint.region}/{service}/aws4_request"
    headers = {
        "X-Amz-Target": target,
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x",
    }
    with pytest.raises(HTTPError) as error:
        urlopen(Request(endpoint.url, data=body_, headers=headers))
    answer = json.loads(error.value.read())
    assert (error.value.code, answer["__type"]) == (400, code)
    assert message in answer["Message"]


def test_a_query_that_fails_among_its_rows_leaves_no_file(athena, endpoint) -> None:
    sql = "SELECT 1 / (n - 5000) FROM UNNEST(sequence(1, 5000)) AS u(n)"
    assert athena.fails(sql).startswith("DIVISION_BY_ZERO")
    assert not list((endpoint.data_dir / "athena").glob("*.partial"))
