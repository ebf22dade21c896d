"""information_schema.

Sources: Athena user guide, "Querying AWS Glue Data Catalog"; Trino's InformationSchemaTable and
its test TestInformationSchemaConnector.
"""

import pytest


@pytest.fixture
def lake(athena):
    athena(
        "CREATE EXTERNAL TABLE hive (a int COMMENT 'first', B struct<c:string,d:array<bigint>>, "
        "ts timestamp, s string) PARTITIONED BY (day date COMMENT 'when') STORED AS PARQUET "
        f"LOCATION 's3://{athena.bucket}/hive/'"
    )
    athena(
        "CREATE TABLE ice (id bigint COMMENT 'key', ts timestamp, price decimal(10,2)) "
        f"LOCATION 's3://{athena.bucket}/ice/' TBLPROPERTIES ('table_type'='ICEBERG')"
    )
    athena("CREATE VIEW seen AS SELECT 1 AS one, CAST('x' AS varchar(3)) AS x")
    return athena


def test_columns(lake) -> None:
    sql = f"SELECT * FROM information_schema.columns WHERE table_schema = '{lake.database}' "
    place = ("awsdatacatalog", lake.database)
    assert lake(sql + "AND table_name = 'hive' ORDER BY ordinal_position") == [
        (*place, "hive", "a", "1", None, "YES", "integer", "first", None),
        (*place, "hive", "b", "2", None, "YES", "row(c varchar, d array(bigint))", None, None),
        (*place, "hive", "ts", "3", None, "YES", "timestamp(3)", None, None),
        (*place, "hive", "s", "4", None, "YES", "varchar", None, None),
        (*place, "hive", "day", "5", None, "YES", "date", "when", "partition key"),
    ]
    assert lake(sql + "AND table_name = 'ice' ORDER BY ordinal_position") == [
        (*place, "ice", "id", "1", None, "YES", "bigint", "key", None),
        (*place, "ice", "ts", "2", None, "YES", "timestamp(6)", None, None),
        (*place, "ice", "price", "3", None, "YES", "decimal(10,2)", None, None),
    ]
    assert lake(sql + "AND table_name = 'seen' AND column_name = 'x'") == [
        (*place, "seen", "x", "2", None, "YES", "varchar(3)", None, None)
    ]


def test_tables_views_and_schemata(lake) -> None:
    here = f"table_schema = '{lake.database}'"
    tables = "SELECT table_catalog, table_name, table_type FROM information_schema.tables"
    assert lake(f"{tables} WHERE {here} ORDER BY table_name") == [
        ("awsdatacatalog", "hive", "BASE TABLE"),
        ("awsdatacatalog", "ice", "BASE TABLE"),
        ("awsdatacatalog", "seen", "VIEW"),
    ]
    views = f"SELECT * FROM awsdatacatalog.information_schema.views WHERE {here}"
    definition = "SELECT 1 AS one, CAST('x' AS varchar(3)) AS x"
    assert lake(views) == [("awsdatacatalog", lake.database, "seen", definition)]
    schemata = "SELECT * FROM information_schema.schemata WHERE schema_name"
    assert lake(f"{schemata} IN ('{lake.database}', 'information_schema') ORDER BY 2") == sorted(
        [("awsdatacatalog", lake.database), ("awsdatacatalog", "information_schema")]
    )


def test_joined_grouped_and_filtered_like_any_table(lake) -> None:
    sql = f"""
        SELECT t.table_name, count(c.column_name), max(c.ordinal_position)
        FROM information_schema.tables t
        LEFT JOIN information_schema.columns c
          ON c.table_schema = t.table_schema AND c.table_name = t.table_name
        WHERE t.table_schema LIKE '{lake.database}%' AND lower(t.table_type) = 'base table'
        GROUP BY t.table_name ORDER BY 1
    """
    assert lake(sql) == [("hive", "5", "5"), ("ice", "3", "3")]
    assert lake("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'nope'") == [
        ("0",)
    ]
    assert lake("SELECT count(*) FROM information_schema.columns WHERE ordinal_position < 1") == [
        ("0",)
    ]
    own = (
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'information_schema'"
    )
    assert ("columns",) in lake(own)


@pytest.mark.parametrize(
    "storage",
    [{"StorageDescriptor": {"Columns": [{"Name": "x", "Type": "uniontype<int>"}]}}, {}],
)
def test_a_table_that_cannot_be_read_has_no_columns(lake, storage) -> None:
    lake.glue.create_table(DatabaseName=lake.database, TableInput={"Name": "odd", **storage})
    columns = "SELECT DISTINCT table_name FROM information_schema.columns"
    assert sorted(lake(f"{columns} WHERE table_schema = '{lake.database}'")) == [
        ("hive",), ("ice",), ("seen",)
    ]  # fmt: skip
    tables = "SELECT table_name FROM information_schema.tables"
    assert ("odd",) in lake(f"{tables} WHERE table_schema = '{lake.database}'")


@pytest.mark.parametrize(
    "sql",
    ["SELECT * FROM bare", "DESCRIBE bare", "INSERT INTO bare SELECT 1", "SHOW COLUMNS IN bare"],
)
def test_a_table_without_storage_is_refused(lake, sql: str) -> None:
    lake.glue.create_table(DatabaseName=lake.database, TableInput={"Name": "bare"})
    refused = f"Table StorageDescriptor is null for table '{lake.database}.bare'"
    error = lake.fails(sql)
    assert "HIVE_UNSUPPORTED_FORMAT" in error and refused in error
    lake("DROP TABLE bare")


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT * FROM information_schema.nope", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.information_schema.nope' does not exist"),
        ("SELECT * FROM information_schema.roles", "NOT_SUPPORTED: line 1:15: information_schema.roles"),
        ("SELECT nope FROM information_schema.tables", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"),
        ('SELECT "$path" FROM information_schema.tables', "COLUMN_NOT_FOUND"),
        ("SELECT ordinal_position = '1' FROM information_schema.columns", "TYPE_MISMATCH"),
        ("INSERT INTO information_schema.tables SELECT 'a', 'b', 'c', 'd'", ""),
        ("DROP TABLE information_schema.tables", ""),
    ],
)  # fmt: skip
def test_what_fails(athena, sql, error) -> None:
    assert athena.fails(sql).startswith(error)
