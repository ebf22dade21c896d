"""SHOW and DESCRIBE.

Expected rows: measured on Athena by aoyagikouhei/athena-local (docs/dev/measurements/
query-results.md, "DESCRIBE and SHOW COLUMNS", and result-files.md); rows of SHOW CREATE TABLE in
dyfanjones/noctua (tests/testthat/helper.R) and in the Athena user guide, "Using EXPLAIN"; Hive's
DDLTask.showCreateTable for the clauses that none of them shows.
"""

import pytest
from botocore.exceptions import ClientError


def kind(athena, sql: str) -> tuple[str, str, list[tuple[str, str]]]:
    """(StatementType, SubstatementType, columns)"""
    id_ = athena.start(sql)
    execution = athena.execution(id_)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    results = athena.client.get_query_results(QueryExecutionId=id_)["ResultSet"]
    columns = [(each["Name"], each["Type"]) for each in results["ResultSetMetadata"]["ColumnInfo"]]
    return execution["StatementType"], execution["SubstatementType"], columns


def lines(athena, sql: str) -> list[str]:
    rows = athena(sql)
    assert all(len(row) == 1 for row in rows)
    return [value or "" for (value,) in rows]


@pytest.fixture
def lake(athena):
    athena(
        "CREATE EXTERNAL TABLE hive (n int COMMENT 'abc', twenty_characters_xx decimal(10,2), "
        "twenty_one_characters struct<aa:int,b:array<string>>, cut string COMMENT 'a\tb') "
        "PARTITIONED BY (p string COMMENT 'pc', q int) STORED AS PARQUET "
        f"LOCATION 's3://{athena.bucket}/hive/' TBLPROPERTIES ('note'='it''s')"
    )
    athena(
        "CREATE TABLE ice (n int COMMENT 'abc', s string, ts timestamp, d decimal(10,2), "
        "st struct<a:int,b:string>, m map<string,int>) PARTITIONED BY (s, bucket(4, n), day(ts)) "
        f"LOCATION 's3://{athena.bucket}/ice/' TBLPROPERTIES ('table_type'='ICEBERG')"
    )
    athena("CREATE VIEW seen AS SELECT 1 AS n, 'a' AS s")
    return athena


def test_describe_of_a_hive_table(lake) -> None:
    expected = [
        "n                   \tint                 \tabc                 ",
        "twenty_characters_xx\tdecimal(10,2)       \t                    ",
        "twenty_one_characters\tstruct<aa:int,b:array<string>>\t                    ",
        "cut                 \tstring              \ta",
        "p                   \tstring              \tpc                  ",
        "q                   \tint                 \t                    ",
        "\t \t ",
        "# Partition Information\t \t ",
        "# col_name            \tdata_type           \tcomment             ",
        "\t \t ",
        "p                   \tstring              \tpc                  ",
        "q                   \tint                 \t                    ",
    ]  # fmt: skip
    assert lines(lake, "DESCRIBE hive") == expected
    assert lines(lake, f"DESC {lake.database}.hive") == expected
    assert lines(lake, "DESCRIBE `hive`") == expected
    names = [("col_name", "string"), ("data_type", "string"), ("comment", "string")]
    assert kind(lake, "DESCRIBE hive") == ("UTILITY", "DESCRIBE_TABLE", names)
    assert lines(lake, "DESCRIBE hive q") == [expected[5]]
    lake("ALTER TABLE hive ADD PARTITION (p='x', q=1)")
    assert lines(lake, "DESCRIBE hive PARTITION (p='x', q=1)") == expected
    assert "Partition not found" in lake.fails("DESCRIBE hive PARTITION (p='y', q=1)")


def test_describe_of_an_iceberg_table_and_of_a_view(lake) -> None:
    assert lines(lake, "DESCRIBE ice") == [
        "# Table schema:\t\t",
        "# col_name\tdata_type\tcomment",
        "n\tint\tabc",
        "s\tstring\t",
        "ts\ttimestamp\t",
        "d\tdecimal(10, 2)\t",
        "st\tstruct<a: int, b: string>\t",
        "m\tmap<string, int>\t",
        "\t\t",
        "# Partition spec:\t\t",
        "# field_name\tfield_transform\tcolumn_name",
        "s\tidentity\ts",
        "n_bucket\tbucket[4]\tn",
        "ts_day\tday\tts",
    ]
    for sql in ("DESCRIBE seen", 'DESCRIBE "seen"', "SHOW COLUMNS IN seen"):
        assert lines(lake, sql) == ["n\tinteger", "s\tvarchar(1)"]
    columns = [("column", "varchar"), ("type", "varchar")]
    assert kind(lake, "SHOW COLUMNS FROM seen") == ("UTILITY", "DESC_VIEW", columns)


def test_columns_of_a_json_table_come_from_the_deserializer(athena) -> None:
    athena(
        "CREATE EXTERNAL TABLE j (a int COMMENT 'mine') ROW FORMAT SERDE "
        "'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES "
        f"('ignore.malformed.json'='true') LOCATION 's3://{athena.bucket}/j/'"
    )
    assert lines(athena, "DESCRIBE j") == [
        "a                   \tint                 \tfrom deserializer   "
    ]
    shown = lines(athena, "SHOW CREATE TABLE j")
    assert shown[:6] == [
        "CREATE EXTERNAL TABLE `j`(",
        "  `a` int COMMENT 'from deserializer')",
        "ROW FORMAT SERDE ",
        "  'org.openx.data.jsonserde.JsonSerDe' ",
        "WITH SERDEPROPERTIES ( ",
        "  'ignore.malformed.json'='true') ",
    ]


def test_show_columns(lake) -> None:
    hive = ["n                   ", "twenty_characters_xx", "twenty_one_characters", "cut                 ", "p                   ", "q                   "]  # fmt: skip
    for sql in (
        "FROM hive",
        "IN hive",
        f"FROM hive FROM {lake.database}",
        f"IN {lake.database}.hive",
    ):
        assert lines(lake, f"SHOW COLUMNS {sql}") == hive
    assert lines(lake, "SHOW COLUMNS IN ice") == ["n", "s", "ts", "d", "st", "m"]
    assert kind(lake, "SHOW COLUMNS IN ice") == ("UTILITY", "SHOW_COLUMNS", [("field", "string")])


def test_show_tables_and_views(lake) -> None:
    assert lines(lake, "SHOW TABLES") == ["hive", "ice", "seen"]
    assert lines(lake, f"SHOW TABLES IN {lake.database} '*i*'") == ["hive", "ice"]
    assert lines(lake, "SHOW TABLES 'i.*|SEEN'") == ["ice", "seen"]
    assert lines(lake, f"SHOW TABLES FROM {lake.database} LIKE 'h*'") == ["hive"]
    assert lines(lake, "SHOW TABLES 'x%'") == []
    assert lines(lake, f"SHOW VIEWS IN {lake.database} LIKE 's*'") == ["seen"]
    assert kind(lake, "SHOW TABLES") == ("UTILITY", "SHOW_TABLES", [("tab_name", "string")])
    assert kind(lake, "SHOW VIEWS") == ("UTILITY", "SHOW_VIEWS", [("views", "varchar")])
    error = lake.fails("SHOW TABLES IN no_such_db")
    assert error == "FAILED: SemanticException [Error 10072]: Database does not exist: no_such_db"


def test_show_databases_takes_a_regular_expression(lake) -> None:
    name = lake.database
    assert name in lines(lake, "SHOW DATABASES")
    assert lines(lake, f"SHOW SCHEMAS LIKE '{name}'") == [name]
    assert lines(lake, f"SHOW DATABASES LIKE '{name[:6]}.*{name[8:]}'") == [name]
    assert name in lines(lake, "SHOW DATABASES LIKE '*'")
    assert lines(lake, f"SHOW DATABASES LIKE '{name[:6]}*'") == []
    assert lines(lake, f"SHOW DATABASES LIKE '{name.upper()}'") == []
    assert "regular expression" in lake.fails("SHOW DATABASES LIKE '*x'")
    columns = [("database_name", "string")]
    assert kind(lake, "SHOW SCHEMAS") == ("UTILITY", "SHOW_DATABASES", columns)


def test_a_client_may_quote_the_database(lake) -> None:
    """As awswrangler's describe_table, show_create_table and repair_table do."""
    id_ = lake.client.start_query_execution(
        QueryString="DESCRIBE `ice`;",
        QueryExecutionContext={"Database": f"`{lake.database}`"},
        ResultConfiguration={"OutputLocation": f"s3://{lake.bucket}/results/"},
    )["QueryExecutionId"]
    assert lake.execution(id_)["Status"]["State"] == "SUCCEEDED"


def test_table_as_a_query(lake) -> None:
    lake("INSERT INTO ice (n, s) VALUES (1, 'a'), (2, 'b')")
    assert [row[:2] for row in lake("TABLE ice ORDER BY n LIMIT 1")] == [("1", "a")]
    assert len(lake(f"(table {lake.database}.ice)")) == 2
    assert lake.fails("TABLE missing").startswith("TABLE_NOT_FOUND")


def test_show_partitions(lake) -> None:
    lake("ALTER TABLE hive ADD PARTITION (p='b/c', q=2) PARTITION (p='a', q=1)")
    assert lines(lake, "SHOW PARTITIONS hive") == ["p=a/q=1", "p=b%2Fc/q=2"]
    columns = [("partition", "string")]
    assert kind(lake, "SHOW PARTITIONS hive") == ("UTILITY", "SHOW_PARTITIONS", columns)
    assert "is not a partitioned table" in lake.fails("SHOW PARTITIONS ice")


def test_partitions_as_a_table(lake) -> None:
    """Source: Athena user guide, "Listing partitions for a specific table"."""
    assert lake('SELECT * FROM "hive$partitions"') == []
    lake("ALTER TABLE hive ADD PARTITION (p='b', q=2) PARTITION (p='a', q=10)")
    assert lake('SELECT * FROM "hive$partitions" ORDER BY q DESC') == [("a", "10"), ("b", "2")]
    sql = f"SELECT max(q) FROM awsdatacatalog.{lake.database}.\"hive$partitions\" WHERE p = 'b'"
    assert lake(sql) == [("2",)]
    assert lake.fails('SELECT * FROM "hive$nope"').startswith("TABLE_NOT_FOUND")
    assert lake.fails('SELECT * FROM "seen$partitions"').startswith("TABLE_NOT_FOUND")


def test_show_tblproperties(lake) -> None:
    first, second, third = lines(lake, "SHOW TBLPROPERTIES hive")
    assert (first, third) == ("EXTERNAL\tTRUE", "note\tit's")
    assert second.startswith("transient_lastDdlTime\t") and second[-10:].isdigit()
    assert lines(lake, "SHOW TBLPROPERTIES hive ('note')") == ["it's"]
    assert "does not have property: nope" in lines(lake, "SHOW TBLPROPERTIES hive('nope')")[0]
    assert "table_type\ticeberg" in lines(lake, "SHOW TBLPROPERTIES ice")
    columns = [("prpt_name", "string"), ("prpt_value", "string")]
    assert kind(lake, "SHOW TBLPROPERTIES hive") == ("UTILITY", "SHOW_TABLE_PROPERTIES", columns)


def test_show_create_table_of_a_parquet_table(lake) -> None:
    shown = lines(lake, "SHOW CREATE TABLE hive")
    time = shown[-1].split("'")[3]
    assert shown == [
        "CREATE EXTERNAL TABLE `hive`(",
        "  `n` int COMMENT 'abc', ",
        "  `twenty_characters_xx` decimal(10,2), ",
        "  `twenty_one_characters` struct<aa:int,b:array<string>>, ",
        "  `cut` string COMMENT 'a\tb')",
        "PARTITIONED BY ( ",
        "  `p` string COMMENT 'pc', ",
        "  `q` int)",
        "ROW FORMAT SERDE ",
        "  'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' ",
        "STORED AS INPUTFORMAT ",
        "  'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat' ",
        "OUTPUTFORMAT ",
        "  'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'",
        "LOCATION",
        f"  's3://{lake.bucket}/hive'",
        "TBLPROPERTIES (",
        "  'note'='it\\'s', ",
        f"  'transient_lastDdlTime'='{time}')",
    ]
    columns = [("createtab_stmt", "string")]
    assert kind(lake, "SHOW CREATE TABLE hive") == ("UTILITY", "SHOW_CREATE_TABLE", columns)


def test_what_is_shown_creates_the_same_table(lake) -> None:
    before = lake.glue.get_table(DatabaseName=lake.database, Name="hive")["Table"]
    statement = "\n".join(lines(lake, f"SHOW CREATE TABLE `{lake.database}.hive`"))
    lake("DROP TABLE hive")
    lake(statement)
    after = lake.glue.get_table(DatabaseName=lake.database, Name="hive")["Table"]
    for part in ("StorageDescriptor", "PartitionKeys", "Parameters", "TableType"):
        assert after[part] == before[part]


def test_show_create_table_of_delimited_text(athena) -> None:
    athena(
        "CREATE EXTERNAL TABLE test_df (w timestamp, x int, y string, z boolean) COMMENT 'a table' "
        "PARTITIONED BY (`timestamp` string) CLUSTERED BY (x, y) INTO 8 BUCKETS "
        "ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' "
        f"LINES TERMINATED BY '\\n' LOCATION 's3://{athena.bucket}/default/test_df/' "
        "TBLPROPERTIES ('skip.header.line.count'='1')"
    )
    assert lines(athena, "SHOW CREATE TABLE test_df")[:22] == [
        "CREATE EXTERNAL TABLE `test_df`(",
        "  `w` timestamp, ",
        "  `x` int, ",
        "  `y` string, ",
        "  `z` boolean)",
        "COMMENT 'a table'",
        "PARTITIONED BY ( ",
        "  `timestamp` string)",
        "CLUSTERED BY ( ",
        "  x, ",
        "  y) ",
        "INTO 8 BUCKETS",
        "ROW FORMAT DELIMITED ",
        "  FIELDS TERMINATED BY '\\t' ",
        "  LINES TERMINATED BY '\\n' ",
        "STORED AS INPUTFORMAT ",
        "  'org.apache.hadoop.mapred.TextInputFormat' ",
        "OUTPUTFORMAT ",
        "  'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'",
        "LOCATION",
        f"  's3://{athena.bucket}/default/test_df'",
        "TBLPROPERTIES (",
    ]


def test_show_create_of_iceberg_tables_and_views(lake) -> None:
    shown = lines(lake, "SHOW CREATE TABLE ice")
    assert shown[:9] == [
        f"CREATE TABLE {lake.database}.ice (",
        "  n int COMMENT 'abc',",
        "  s string,",
        "  ts timestamp,",
        "  d decimal(10, 2),",
        "  st struct<a: int, b: string>,",
        "  m map<string, int>)",
        "PARTITIONED BY (`s`, bucket(4, `n`), day(`ts`))",
        f"LOCATION 's3://{lake.bucket}/ice'",
    ]
    assert shown[9:11] == ["TBLPROPERTIES (", "  'table_type'='iceberg'"]
    assert shown[-1] == ");"
    view = [f"CREATE VIEW {lake.database}.seen AS", "SELECT 1 AS n, 'a' AS s"]
    assert lines(lake, "SHOW CREATE VIEW seen") == view
    assert lines(lake, f'SHOW CREATE VIEW "{lake.database}"."seen"') == view
    columns = [("create view", "varchar")]
    assert kind(lake, "SHOW CREATE VIEW seen") == ("UTILITY", "SHOW_CREATE_VIEW", columns)


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SHOW FUNCTIONS", "NOT_SUPPORTED: SHOW FUNCTIONS"),
        ("SHOW CATALOGS", "NOT_SUPPORTED: SHOW CATALOGS"),
        ("SHOW STATS FOR t", "NOT_SUPPORTED: SHOW STATS"),
        ("DESCRIBE EXTENDED hive", "NOT_SUPPORTED: DESCRIBE EXTENDED"),
        ("DESCRIBE FORMATTED hive", "NOT_SUPPORTED: DESCRIBE FORMATTED"),
        ('DESCRIBE "hive"', "SYNTAX_ERROR: no viable alternative at input '\"hive\"'"),
        ('SHOW CREATE TABLE "hive"', "SYNTAX_ERROR"),
        ("SHOW CREATE TABLE seen", "FAILED: SemanticException"),
        ("SHOW CREATE VIEW hive", "NOT_SUPPORTED"),
        ("SHOW COLUMNS hive", "SYNTAX_ERROR: line 1:14: mismatched input 'hive', expecting IN or FROM"),
        ("SHOW TABLES IN a.b.c", "SYNTAX_ERROR"),
    ],
)  # fmt: skip
def test_what_fails(lake, sql, error) -> None:
    assert lake.fails(sql).startswith(error)


@pytest.mark.parametrize(
    "sql",
    ["DESCRIBE missing", "desc `missing`", "SHOW COLUMNS IN missing", "SHOW COLUMNS FROM no_db.t"],
)
def test_what_does_not_even_start(lake, sql) -> None:
    with pytest.raises(ClientError) as error:
        lake.start(sql)
    answer = error.value.response
    assert answer["AthenaErrorCode"] == "INVALID_INPUT"
    assert answer["Error"]["Code"] == "InvalidRequestException"
    assert answer["Error"]["Message"].startswith(
        "Entity Not Found (Service: AmazonDataCatalog; Status Code: 400; "
        "Error Code: EntityNotFoundException; Request ID: "
    )
