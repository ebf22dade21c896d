"""What moto answers wrongly about the Glue catalog, over HTTP, as Glue answers.

Source: Glue API reference, unless a test says otherwise.
"""

from functools import partial

import pytest
from botocore.exceptions import ClientError

DAYS = [f"2025-01-{day:02}" for day in range(1, 31)]
WHEN = 1_700_000_000


@pytest.fixture
def glue(client):
    return client("glue")


@pytest.fixture
def lake(glue, unique):
    """A database with the table t, partitioned by day and n: 30 partitions."""
    glue.create_database(DatabaseInput={"Name": unique})
    storage = {"Columns": [{"Name": "a", "Type": "int"}], "Location": "s3://b/t/"}
    keys = [{"Name": "day", "Type": "date"}, {"Name": "n", "Type": "int"}]
    glue.create_table(
        DatabaseName=unique,
        TableInput={"Name": "t", "StorageDescriptor": storage, "PartitionKeys": keys},
    )
    inputs = [{"Values": [day, str(n)], "StorageDescriptor": storage} for n, day in enumerate(DAYS)]
    assert not glue.batch_create_partition(
        DatabaseName=unique, TableName="t", PartitionInputList=inputs
    )["Errors"]
    return unique


@pytest.fixture
def table(glue, lake):
    """`table("get_partitions", ...)`: a call about the table t."""
    return lambda call, **more: getattr(glue, call)(DatabaseName=lake, TableName="t", **more)


def refused(call, **arguments) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    answer = error.value.response["Error"]
    return answer["Code"], answer["Message"]


def values(partitions) -> list[list[str]]:
    return [each["Values"] for each in partitions]


def test_partitions_by_expression(table) -> None:
    expression = "day >= '2025-01-28' and n <> 28"
    found = table("get_partitions", Expression=expression)["Partitions"]
    assert values(found) == [["2025-01-28", "27"], ["2025-01-30", "29"]]
    assert found[0]["StorageDescriptor"]["Columns"] == [{"Name": "a", "Type": "int"}]
    found = table("get_partitions", Expression=expression, ExcludeColumnSchema=True)["Partitions"]
    assert "Columns" not in found[0]["StorageDescriptor"]
    code, message = refused(partial(table, "get_partitions"), Expression="nope = 1")
    assert (code, message) == ("InvalidInputException", "Invalid partition expression!")


def test_partitions_in_pages_while_they_are_deleted(glue, lake, table) -> None:
    # As dbt-athena does it: what a page gave is deleted before the next page is asked for.
    paginator, seen = glue.get_paginator("get_partitions"), []
    for page in paginator.paginate(
        DatabaseName=lake, TableName="t", PaginationConfig={"PageSize": 7}
    ):
        found = values(page["Partitions"])
        assert len(found) <= 7
        seen += found
        table("batch_delete_partition", PartitionsToDelete=[{"Values": each} for each in found])
    assert [day for day, _ in seen] == DAYS
    assert table("get_partitions")["Partitions"] == []
    code, _ = refused(partial(table, "get_partitions"), NextToken="nonsense")
    assert code == "InvalidInputException"


def test_segments_are_disjoint_and_whole(table) -> None:
    segments = [
        values(
            table("get_partitions", Segment={"SegmentNumber": n, "TotalSegments": 4})["Partitions"]
        )
        for n in range(4)
    ]
    together = sorted(each for segment in segments for each in segment)
    assert [day for day, _ in together] == DAYS
    assert all(segments)


def test_batches_tell_which_entry_failed(table) -> None:
    present, missing = [DAYS[0], "0"], [DAYS[0], "99"]
    found = table("batch_get_partition", PartitionsToGet=[{"Values": present}, {"Values": missing}])
    assert values(found["Partitions"]) == [present]
    assert found["UnprocessedKeys"] == []

    errors = table(
        "batch_create_partition",
        PartitionInputList=[{"Values": present}, {"Values": missing}, {"Values": ["2025-01-01"]}],
    )["Errors"]
    assert [(each["PartitionValues"], each["ErrorDetail"]["ErrorCode"]) for each in errors] == [
        (present, "AlreadyExistsException"),
        (["2025-01-01"], "InvalidInputException"),
    ]
    nowhere = ["2030-01-01", "1"]
    errors = table(
        "batch_update_partition",
        Entries=[
            {
                "PartitionValueList": each,
                "PartitionInput": {"Values": each, "Parameters": {"k": "v"}},
            }
            for each in (missing, nowhere)
        ],
    )["Errors"]
    assert [(each["PartitionValueList"], each["ErrorDetail"]["ErrorCode"]) for each in errors] == [
        (nowhere, "EntityNotFoundException")
    ]
    partition = table("get_partition", PartitionValues=missing)["Partition"]
    assert partition["Parameters"] == {"k": "v"}
    errors = table(
        "batch_delete_partition", PartitionsToDelete=[{"Values": missing}, {"Values": nowhere}]
    )["Errors"]
    assert [each["PartitionValues"] for each in errors] == [nowhere]
    code, _ = refused(partial(table, "get_partition"), PartitionValues=missing)
    assert code == "EntityNotFoundException"
    assert table("get_partition_indexes")["PartitionIndexDescriptorList"] == []


def test_tables_in_pages_and_by_expression(glue, unique) -> None:
    glue.create_database(DatabaseInput={"Name": unique})
    names = [f"fact_{n:02}" for n in range(12)] + ["dim"]
    for name in names:
        glue.create_table(DatabaseName=unique, TableInput={"Name": name})
    paginator = glue.get_paginator("get_tables")
    pages = list(paginator.paginate(DatabaseName=unique, PaginationConfig={"PageSize": 5}))
    assert [len(page["TableList"]) for page in pages] == [5, 5, 3]
    assert [each["Name"] for page in pages for each in page["TableList"]] == sorted(names)

    def matching(expression: str) -> list[str]:
        found = glue.get_tables(DatabaseName=unique, Expression=expression)["TableList"]
        return [each["Name"] for each in found]

    # awswrangler's globs and plain regular expressions.
    assert matching("fact*") == matching("fact_.*") == matching("fact_[0-9]*") == sorted(names)[1:]
    assert matching("*_03") == ["fact_03"]
    assert matching("fact") == []
    code, _ = refused(glue.get_tables, DatabaseName=unique, Expression="(")
    assert code == "InvalidInputException"


def test_databases_in_pages(glue, unique) -> None:
    names = [f"{unique}-{n}" for n in range(3)]
    for name in names:
        glue.create_database(DatabaseInput={"Name": name})
    paginator = glue.get_paginator("get_databases")
    pages = paginator.paginate(PaginationConfig={"PageSize": 2})
    listed = [each["Name"] for page in pages for each in page["DatabaseList"]]
    assert listed == sorted(set(listed))
    assert set(names) < set(listed)


def test_search(glue, lake) -> None:
    place = {"Key": "DatabaseName", "Value": lake}

    def search(**more) -> list[str]:
        return [each["Name"] for each in glue.search_tables(Filters=[place], **more)["TableList"]]

    assert search() == search(SearchText="T") == search(SearchText='"t"') == ["t"]
    # A column's name counts as well.
    assert search(SearchText="day") == ["t"]
    assert search(SearchText="absent") == []
    for filters, message in (
        [{"Key": "Owner", "Value": "1", "Comparator": "LESS_THAN"}, "compare Owner by LESS_THAN"],
        [{"Key": "CreateTime", "Value": "x", "Comparator": "LESS_THAN"}, "compare times with x"],
    ):
        code, told = refused(glue.search_tables, Filters=[place, filters])
        assert (code, message in told) == ("InvalidInputException", True)


def test_search_honours_its_parameters(glue, lake) -> None:
    columns = [{"Name": "c", "Type": "int", "Comment": "Shoe size"}]
    for name in ("customer-link", "xxlinkyy", "z"):
        table = {
            "Name": name,
            "Owner": f"o{len(name)}",
            "Parameters": {"classification": "parquet" if name == "z" else "json"},
            "StorageDescriptor": {"Columns": columns if name == "z" else []},
        }
        glue.create_table(DatabaseName=lake, TableInput=table)

    def search(*filters: tuple[str, ...], **more) -> list[str]:
        names = ("Key", "Value", "Comparator")
        own = [dict(zip(names, each, strict=False)) for each in (("DatabaseName", lake), *filters)]
        pages = [glue.search_tables(Filters=own, **more)]
        while token := pages[-1].get("NextToken"):
            pages.append(glue.search_tables(Filters=own, NextToken=token, **more))
        assert all(len(page["TableList"]) <= more.get("MaxResults", 9) for page in pages)
        return [table["Name"] for page in pages for table in page["TableList"]]

    everything = ["customer-link", "t", "xxlinkyy", "z"]
    assert search(SearchText="parquet") == search(SearchText='"PARQUET"') == ["z"]
    assert search(SearchText='"parq"') == search(SearchText='"Shoe"') == []
    assert search(SearchText="shoe") == ["z"]
    # The example of the API reference.
    assert search(("Name", "link")) == ["customer-link"]
    assert search(("Name", "customer-link")) == ["customer-link"]
    assert search(("classification", "json")) == ["customer-link", "xxlinkyy"]
    assert search(("CreateTime", "2020-01-01", "GREATER_THAN")) == everything
    assert search(("CreateTime", "1577836800", "LESS_THAN_EQUALS")) == []
    assert search(MaxResults=3) == search(MaxResults=1) == search(MaxResults=4) == everything
    descending = {"SortCriteria": [{"FieldName": "Name", "Sort": "DESC"}]}
    for size in (1, 2, 3, 4):
        assert search(MaxResults=size, **descending) == everything[::-1]
    by_owner = [{"FieldName": "Owner", "Sort": "DESC"}]
    assert search(SortCriteria=by_owner, MaxResults=2)[:2] == ["xxlinkyy", "customer-link"]
    assert search(SortCriteria=[{"FieldName": "CreateTime"}], MaxResults=1)[-1] == "z"
    assert search(ResourceShareType="FOREIGN") == []
    code, message = refused(glue.search_tables, SortCriteria=[{"FieldName": "Retention"}])
    assert (code, "Retention" in message) == ("InvalidInputException", True)


def test_versions(glue, lake, table) -> None:
    for n in range(3):
        glue.update_table(DatabaseName=lake, TableInput={"Name": "t", "Parameters": {"n": str(n)}})
    versions = table("get_table_versions", MaxResults=3)
    assert [each["VersionId"] for each in versions["TableVersions"]] == ["4", "3", "2"]
    rest = table("get_table_versions", NextToken=versions["NextToken"])
    assert [each["VersionId"] for each in rest["TableVersions"]] == ["1"]
    errors = table("batch_delete_table_version", VersionIds=["1", "2", "4", "9"])["Errors"]
    assert [(each["VersionId"], each["ErrorDetail"]["ErrorCode"]) for each in errors] == [
        ("4", "InvalidInputException"),
        ("9", "EntityNotFoundException"),
    ]
    left = table("get_table_versions")["TableVersions"]
    assert [each["VersionId"] for each in left] == ["4", "3"]


def test_a_missing_table_does_not_stop_the_others(glue, lake) -> None:
    errors = glue.batch_delete_table(DatabaseName=lake, TablesToDelete=["none", "t"])["Errors"]
    assert [each["TableName"] for each in errors] == ["none"]
    assert glue.get_tables(DatabaseName=lake)["TableList"] == []


def statistics(column: str) -> dict:
    data = {"Type": "LONG", "LongColumnStatisticsData": {"NumberOfNulls": 1, "NumberOfDistinctValues": 2}}  # fmt: skip
    return {
        "ColumnName": column,
        "ColumnType": "int",
        "AnalyzedTime": WHEN,
        "StatisticsData": data,
    }


def test_column_statistics(glue, lake, table) -> None:
    errors = table(
        "update_column_statistics_for_table",
        ColumnStatisticsList=[statistics("a"), statistics("nope")],
    )["Errors"]
    assert [each["ColumnStatistics"]["ColumnName"] for each in errors] == ["nope"]
    found = table("get_column_statistics_for_table", ColumnNames=["a", "b"])
    (kept,) = found["ColumnStatisticsList"]
    assert kept["StatisticsData"] == statistics("a")["StatisticsData"]
    assert kept["AnalyzedTime"].timestamp() == WHEN
    assert [each["ColumnName"] for each in found["Errors"]] == ["b"]

    place = {"PartitionValues": [DAYS[0], "0"]}
    table(
        "update_column_statistics_for_partition",
        ColumnStatisticsList=[statistics("a")],
        **place,
    )
    found = table("get_column_statistics_for_partition", ColumnNames=["a"], **place)
    assert len(found["ColumnStatisticsList"]) == 1
    table("delete_column_statistics_for_table", ColumnName="a")
    found = table("get_column_statistics_for_table", ColumnNames=["a"])
    assert found["ColumnStatisticsList"] == []
    table("delete_column_statistics_for_table", ColumnName="a")
    for _ in range(2):
        table("delete_column_statistics_for_partition", ColumnName="a", **place)
    found = table("get_column_statistics_for_partition", ColumnNames=["a"], **place)
    assert found["ColumnStatisticsList"] == []
    gone = {"PartitionValues": ["2000-01-01", "0"]}
    delete = partial(table, "delete_column_statistics_for_partition")
    assert refused(delete, ColumnName="a", **gone)[0] == "EntityNotFoundException"


def test_a_table_made_anew_has_no_statistics(glue, lake, table) -> None:
    table("update_column_statistics_for_table", ColumnStatisticsList=[statistics("a")])
    glue.delete_table(DatabaseName=lake, Name="t")
    columns = {"Columns": [{"Name": "a", "Type": "int"}]}
    glue.create_table(DatabaseName=lake, TableInput={"Name": "t", "StorageDescriptor": columns})
    found = table("get_column_statistics_for_table", ColumnNames=["a"])
    assert found["ColumnStatisticsList"] == []


def test_functions_there_are_none(glue, lake) -> None:
    found = glue.get_user_defined_functions(DatabaseName=lake, Pattern="*")
    assert found["UserDefinedFunctions"] == []


def test_another_accounts_catalog(glue, lake) -> None:
    glue.get_table(CatalogId="123456789012", DatabaseName=lake, Name="t")
    for call, arguments in (
        (glue.get_table, {"Name": "t"}),
        (glue.get_tables, {}),
        (glue.delete_table, {"Name": "t"}),
    ):
        code, message = refused(call, CatalogId="999999999999", DatabaseName=lake, **arguments)
        assert (code, "999999999999" in message) == ("AccessDeniedException", True)
