"""The catalog through the Athena API. Source of the shapes: Athena API reference."""

import pytest
from botocore.exceptions import ClientError

CATALOG = {"CatalogName": "AwsDataCatalog"}


@pytest.fixture
def tables(athena):
    for name in ("fact_a", "fact_b", "dim"):
        athena(
            f"CREATE EXTERNAL TABLE {name} (a int COMMENT 'first', s struct<b:string>) "
            f"PARTITIONED BY (d string) STORED AS PARQUET "
            f"LOCATION 's3://{athena.bucket}/{name}/'"
        )


def test_data_catalogs(athena) -> None:
    listed = athena.client.list_data_catalogs()["DataCatalogsSummary"]
    assert listed == [{"CatalogName": "AwsDataCatalog", "Type": "GLUE"}]
    catalog = athena.client.get_data_catalog(Name="awsdatacatalog")["DataCatalog"]
    assert catalog["Parameters"] == {"catalog-id": "123456789012"}
    with pytest.raises(ClientError, match="'hive' does not exist"):
        athena.client.get_data_catalog(Name="hive")


def test_databases(athena) -> None:
    athena.glue.update_database(
        Name=athena.database, DatabaseInput={"Name": athena.database, "Description": "d"}
    )
    database = athena.client.get_database(DatabaseName=athena.database.upper(), **CATALOG)
    database = database["Database"]
    assert (database["Name"], database["Description"]) == (athena.database, "d")
    paginator = athena.client.get_paginator("list_databases")
    pages = paginator.paginate(PaginationConfig={"PageSize": 2}, **CATALOG)
    names = [each["Name"] for page in pages for each in page["DatabaseList"]]
    assert names == sorted(names)
    assert {athena.database, "default"} <= set(names)


def test_a_table(athena, tables) -> None:
    metadata = athena.client.get_table_metadata(
        DatabaseName=athena.database, TableName="DIM", **CATALOG
    )["TableMetadata"]
    assert (metadata["Name"], metadata["TableType"]) == ("dim", "EXTERNAL_TABLE")
    assert metadata["Columns"][0] == {"Name": "a", "Type": "int", "Comment": "first"}
    assert metadata["Columns"][1]["Type"] == "struct<b:string>"
    assert metadata["PartitionKeys"] == [{"Name": "d", "Type": "string"}]
    assert metadata["Parameters"]["location"] == f"s3://{athena.bucket}/dim"
    assert "ParquetHiveSerDe" in metadata["Parameters"]["serde.serialization.lib"]


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        (None, ["dim", "fact_a", "fact_b"]),
        ("fact_.*", ["fact_a", "fact_b"]),
        ("fact", []),
        ("dim|fact_a", ["dim", "fact_a"]),
    ],
)
def test_tables_by_expression(athena, tables, expression, names) -> None:
    more = {"Expression": expression} if expression else {}
    paginator = athena.client.get_paginator("list_table_metadata")
    pages = paginator.paginate(
        DatabaseName=athena.database, PaginationConfig={"PageSize": 2}, **CATALOG, **more
    )
    assert [each["Name"] for page in pages for each in page["TableMetadataList"]] == names


def test_what_is_missing_is_a_metadata_exception(athena) -> None:
    for call, arguments in (
        (athena.client.get_database, {"DatabaseName": "nowhere"}),
        (athena.client.list_table_metadata, {"DatabaseName": "nowhere"}),
        (athena.client.get_table_metadata, {"DatabaseName": "default", "TableName": "none"}),
    ):
        with pytest.raises(ClientError) as error:
            call(**CATALOG, **arguments)
        assert error.value.response["Error"]["Code"] == "MetadataException"
        assert "EntityNotFoundException" in error.value.response["Error"]["Message"]
