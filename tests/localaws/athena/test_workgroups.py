"""Workgroups: settings, enforcement, the scan limit, tags, deletion.

Messages that are Athena's: as quoted in aoyagikouhei/athena-local's measurements ("WorkGroup is not
found.") and in users' reports ("WorkGroup is already created", "... is not empty", "Bytes scanned
limit was exceeded").
"""

import pytest
from botocore.exceptions import ClientError

LIMIT = 10_000_000


@pytest.fixture
def group(athena, unique):
    """A workgroup of one's own that writes to the bucket's folder group/."""
    output = {"OutputLocation": f"s3://{athena.bucket}/group/"}
    athena.client.create_work_group(
        Name=unique,
        Configuration={"ResultConfiguration": output, "EnforceWorkGroupConfiguration": True},
        Description="mine",
        Tags=[{"Key": "team", "Value": "a"}],
    )
    return unique


def settings(athena, group) -> dict:
    return athena.client.get_work_group(WorkGroup=group)["WorkGroup"]["Configuration"]


def refused(call, **arguments) -> str:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    assert error.value.response["Error"]["Code"] == "InvalidRequestException"
    return error.value.response["Error"]["Message"]


def test_primary_is_as_on_a_new_account(athena) -> None:
    group = athena.client.get_work_group(WorkGroup="primary")["WorkGroup"]
    assert (group["Name"], group["State"]) == ("primary", "ENABLED")
    assert "Description" not in group
    assert group["Configuration"] == {
        "ResultConfiguration": {},
        "EnforceWorkGroupConfiguration": False,
        "PublishCloudWatchMetricsEnabled": False,
        "RequesterPaysEnabled": False,
        "EnableMinimumEncryptionConfiguration": False,
        "EngineVersion": {
            "SelectedEngineVersion": "AUTO",
            "EffectiveEngineVersion": "Athena engine version 3",
        },
    }
    with pytest.raises(ClientError, match="primary WorkGroup cannot be deleted"):
        athena.client.delete_work_group(WorkGroup="primary")


def test_an_enforced_location_overrides_the_clients(athena, group) -> None:
    execution = athena.execution(athena.start("SELECT 1", WorkGroup=group))
    location = execution["ResultConfiguration"]["OutputLocation"]
    assert location.startswith(f"s3://{athena.bucket}/group/")
    athena.client.update_work_group(
        WorkGroup=group, ConfigurationUpdates={"EnforceWorkGroupConfiguration": False}
    )
    execution = athena.execution(athena.start("SELECT 1", WorkGroup=group))
    location = execution["ResultConfiguration"]["OutputLocation"]
    assert location.startswith(f"s3://{athena.bucket}/results/")
    # The client need not name one.
    id_ = athena.client.start_query_execution(QueryString="SELECT 1", WorkGroup=group)
    execution = athena.execution(id_["QueryExecutionId"])
    assert execution["WorkGroup"] == group
    assert "/group/" in execution["ResultConfiguration"]["OutputLocation"]


def test_an_enforced_workgroup_without_a_location_has_none(athena, group) -> None:
    removed = {"RemoveOutputLocation": True}
    athena.client.update_work_group(
        WorkGroup=group, ConfigurationUpdates={"ResultConfigurationUpdates": removed}
    )
    assert settings(athena, group)["ResultConfiguration"] == {}
    with pytest.raises(ClientError, match="No output location provided"):
        athena.start("SELECT 1", WorkGroup=group)


def test_a_disabled_workgroup_runs_nothing(athena, group) -> None:
    athena.client.update_work_group(WorkGroup=group, State="DISABLED", Description="off")
    with pytest.raises(ClientError, match="disabled"):
        athena.start("SELECT 1", WorkGroup=group)
    found = athena.client.get_work_group(WorkGroup=group)["WorkGroup"]
    assert (found["State"], found["Description"]) == ("DISABLED", "off")
    athena.client.update_work_group(WorkGroup=group, State="ENABLED")
    assert athena.execution(athena.start("SELECT 1", WorkGroup=group))["WorkGroup"] == group


def test_a_query_that_scans_too_much_is_cancelled(athena, group) -> None:
    athena(
        f"CREATE TABLE big WITH (external_location = 's3://{athena.bucket}/big/', "
        "write_compression = 'NONE') AS SELECT n, rand() AS a, rand() AS b "
        "FROM UNNEST(sequence(1, 10000)) AS t(n) CROSS JOIN UNNEST(sequence(1, 80)) AS u(m)"
    )
    whole, column = "SELECT sum(n + a + b) AS s FROM big", "SELECT max(a) FROM big"
    assert athena.scanned(whole) > LIMIT > athena.scanned(column)
    updates = {"BytesScannedCutoffPerQuery": LIMIT}
    athena.client.update_work_group(WorkGroup=group, ConfigurationUpdates=updates)
    for sql in (whole, f"EXPLAIN ANALYZE {whole}"):
        execution = athena.execution(athena.start(sql, WorkGroup=group))
        assert execution["Status"]["State"] == "CANCELLED"
        assert execution["Status"]["StateChangeReason"] == "Bytes scanned limit was exceeded"
        assert execution["Statistics"]["DataScannedInBytes"] == LIMIT
    # Nothing is written by what may not read.
    place = f"s3://{athena.bucket}/copy/"
    sql = f"CREATE TABLE copy WITH (external_location = '{place}') AS SELECT * FROM big"
    execution = athena.execution(athena.start(sql, WorkGroup=group))
    assert execution["Status"]["State"] == "CANCELLED"
    listed = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix="copy/")
    assert listed["KeyCount"] == 0
    for sql in (column, f"CREATE VIEW v AS {whole}", f"EXPLAIN {whole}"):
        execution = athena.execution(athena.start(sql, WorkGroup=group))
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    updates = {"RemoveBytesScannedCutoffPerQuery": True}
    athena.client.update_work_group(WorkGroup=group, ConfigurationUpdates=updates)
    assert "BytesScannedCutoffPerQuery" not in settings(athena, group)
    execution = athena.execution(athena.start(whole, WorkGroup=group))
    assert execution["Status"]["State"] == "SUCCEEDED"


def test_what_a_workgroup_cannot_have_here(athena, unique) -> None:
    create = athena.client.create_work_group
    kms = {"Enabled": True, "EncryptionConfiguration": {"KmsKey": "alias/k"}}
    assert "SSE_KMS" in refused(
        create, Name=unique, Configuration={"ManagedQueryResultsConfiguration": kms}
    )
    encryption = {"EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": "k"}}
    assert "SSE_KMS" in refused(
        create, Name=unique, Configuration={"ResultConfiguration": encryption}
    )
    engine = {"SelectedEngineVersion": "PySpark engine version 3"}
    assert "PySpark" in refused(create, Name=unique, Configuration={"EngineVersion": engine})
    assert "ExecutionRole" in refused(
        create, Name=unique, Configuration={"ExecutionRole": "arn:aws:iam::123456789012:role/r"}
    )
    with pytest.raises(ClientError, match="WorkGroup is not found"):
        athena.client.get_work_group(WorkGroup=unique)


def test_listed_in_the_order_of_their_names(athena, unique) -> None:
    names = [f"{unique}-{n}" for n in range(3)]
    for name in reversed(names):
        athena.client.create_work_group(Name=name)
    assert refused(athena.client.create_work_group, Name=names[0]) == "WorkGroup is already created"
    pages = []
    token: dict[str, str] = {}
    while True:
        page = athena.client.list_work_groups(MaxResults=2, **token)
        pages += page["WorkGroups"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    listed = [each["Name"] for each in pages]
    assert listed == sorted(set(listed))
    assert set(names) < set(listed)
    (mine,) = (each for each in pages if each["Name"] == names[0])
    assert (mine["Description"], mine["State"]) == ("", "ENABLED")


def test_deleted_with_what_belongs_to_it(athena, group) -> None:
    id_ = athena.start("SELECT 1", WorkGroup=group)
    athena.execution(id_)
    delete = athena.client.delete_work_group
    assert refused(delete, WorkGroup=group) == f"WorkGroup {group} is not empty"
    delete(WorkGroup=group, RecursiveDeleteOption=True)
    assert refused(delete, WorkGroup=group) == "WorkGroup is not found."
    with pytest.raises(ClientError, match="was not found"):
        athena.client.get_query_execution(QueryExecutionId=id_)


def test_tags(athena, group, endpoint) -> None:
    arn = f"arn:aws:athena:{endpoint.region}:123456789012:workgroup/{group}"
    athena.client.tag_resource(ResourceARN=arn, Tags=[{"Key": "cost", "Value": "7"}])
    athena.client.untag_resource(ResourceARN=arn, TagKeys=["team"])
    tags = athena.client.list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert tags == [{"Key": "cost", "Value": "7"}]
    with pytest.raises(ClientError) as error:
        athena.client.list_tags_for_resource(ResourceARN=f"{arn}-other")
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_engine_versions(athena) -> None:
    listed = athena.client.list_engine_versions()["EngineVersions"]
    assert {each["EffectiveEngineVersion"] for each in listed} == {"Athena engine version 3"}
    assert [each["SelectedEngineVersion"] for each in listed] == ["AUTO", "Athena engine version 3"]


MANAGED = {"ManagedQueryResultsConfiguration": {"Enabled": True}}


def test_athena_keeps_the_results_itself(athena, unique) -> None:
    """Source: user guide, "Managed query results"; PyAthena and awswrangler read results so."""
    client = athena.client
    client.create_work_group(Name=unique, Configuration=MANAGED)
    assert settings(athena, unique)["ManagedQueryResultsConfiguration"] == {"Enabled": True}

    def ask(sql: str, **more) -> tuple[dict, list]:
        id_ = client.start_query_execution(QueryString=sql, WorkGroup=unique, **more)
        execution = athena.execution(id_["QueryExecutionId"])
        if execution["Status"]["State"] != "SUCCEEDED":
            return execution, []
        answer = client.get_query_results(QueryExecutionId=id_["QueryExecutionId"])
        rows = answer["ResultSet"]["Rows"]
        return execution, [[each.get("VarCharValue") for each in row["Data"]] for row in rows]

    context = {"QueryExecutionContext": {"Database": athena.database}}
    reuse = {"ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": True}}}
    for reused in (False, True):
        execution, rows = ask("SELECT 1 AS a, 'x' AS b", **reuse)
        assert rows == [["a", "b"], ["1", "x"]]
        assert execution["ManagedQueryResultsConfiguration"] == {"Enabled": True}
        assert "OutputLocation" not in execution["ResultConfiguration"]
        again = execution["Statistics"]["ResultReuseInformation"]
        assert again == {"ReusedPreviousResult": reused}
    assert ask("SHOW TABLES", **context)[1] == []
    place = f"WITH (external_location = 's3://{athena.bucket}/t/')"
    assert ask(f"CREATE TABLE t {place} AS SELECT 1 AS n", **context)[1] == []
    execution, rows = ask("INSERT INTO t SELECT 2", **context)
    assert (rows, "DataManifestLocation" in execution["Statistics"]) == ([], False)
    assert ask("SELECT n FROM t ORDER BY n", **context)[1] == [["n"], ["1"], ["2"]]
    failed, _ = ask("CREATE TABLE u AS SELECT 1 AS n", **context)
    assert "external_location" in failed["Status"]["StateChangeReason"]
    keys = athena.s3.list_objects_v2(Bucket=athena.bucket)["Contents"]
    assert all(each["Key"].startswith("t/") for each in keys)

    output = {"OutputLocation": f"s3://{athena.bucket}/r/"}
    start = client.start_query_execution
    told = refused(start, QueryString="SELECT 1", WorkGroup=unique, ResultConfiguration=output)
    assert "managed query results" in told
    both = {"ResultConfigurationUpdates": output}
    told = refused(client.update_work_group, WorkGroup=unique, ConfigurationUpdates=both)
    assert "managed query results" in told
    off = {"ManagedQueryResultsConfigurationUpdates": {"Enabled": False}, **both}
    client.update_work_group(WorkGroup=unique, ConfigurationUpdates=off)
    assert ask("SELECT 1")[0]["ResultConfiguration"]["OutputLocation"].endswith(".csv")


def test_every_execution_says_whether_its_result_was_reused(athena) -> None:
    for sql in ("SELECT 1", "SHOW TABLES", "SELECT 1/0"):
        statistics = athena.execution(athena.start(sql))["Statistics"]
        assert statistics["ResultReuseInformation"] == {"ReusedPreviousResult": False}
