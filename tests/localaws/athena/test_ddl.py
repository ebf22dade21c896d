"""CREATE, ALTER and DROP, MSCK REPAIR TABLE.

Sources: Athena user guide, "DDL statements" and "Evolving Iceberg table schema"; SubstatementTypes
and failures measured on Athena by aoyagikouhei/athena-local (docs/dev/measurements/statements.md,
result-files.md); Hive's StorageFormatDescriptors and DDLTask.msck.
"""

import pytest

from localaws.sql.errors import QueryError
from localaws.sql.hive import parse_ddl
from localaws.sql.hive import statements as s
from localaws.sql.hive_types import field_error


def glue_table(athena, name: str = "t") -> dict:
    return athena.glue.get_table(DatabaseName=athena.database, Name=name)["Table"]


def partitions(athena, name: str = "t") -> dict[tuple[str, ...], str]:
    found = athena.glue.get_partitions(DatabaseName=athena.database, TableName=name)["Partitions"]
    return {tuple(each["Values"]): each["StorageDescriptor"]["Location"] for each in found}


def substatement(athena, sql: str) -> str:
    execution = athena.execution(athena.start(sql))
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    assert execution["StatementType"] == "DDL"
    return execution["SubstatementType"]


@pytest.fixture
def parted(athena):
    athena(
        "CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (day string, hour int) STORED AS PARQUET "
        f"LOCATION 's3://{athena.bucket}/t/'"
    )
    return athena


@pytest.fixture
def ice(athena):
    athena(
        "CREATE TABLE ice (id bigint, n int COMMENT 'count', f float, price decimal(5,2)) "
        f"LOCATION 's3://{athena.bucket}/ice/' TBLPROPERTIES ('table_type'='ICEBERG')"
    )
    athena("INSERT INTO ice VALUES (1, 2, REAL '0.5', DECIMAL '1.50')")
    return athena


# ---- the grammar


def test_every_clause_of_create_table() -> None:
    parsed = parse_ddl(
        """CREATE EXTERNAL TABLE IF NOT EXISTS `db`.T (A int COMMENT 'it''s', -- a comment
          `date` array<struct<x:map<string,int>,`y z`:decimal(10, 2)>>, c varchar(3))
        COMMENT "a \\"table\\"" PARTITIONED BY (d string COMMENT 'day', e int)
        CLUSTERED BY (a, c) INTO 4 BUCKETS
        ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\'
          COLLECTION ITEMS TERMINATED BY '\\u0002' MAP KEYS TERMINATED BY '\\003'
          LINES TERMINATED BY '\\n' NULL DEFINED AS '\\\\N'
        STORED AS TEXTFILE LOCATION 's3://b/t/' TBLPROPERTIES ('k'='v', "level"=4);"""
    )
    assert parsed == s.CreateTable(
        name=s.Name("db", "t"),
        external=True,
        if_not_exists=True,
        columns=(
            s.Column("a", "int", "it's"),
            s.Column("date", "array<struct<x:map<string,int>,y z:decimal(10,2)>>"),
            s.Column("c", "varchar(3)"),
        ),
        comment='a "table"',
        partitioned_by=(s.Column("d", "string", "day"), s.Column("e", "int")),
        clustered_by=("a", "c"),
        buckets=4,
        delimited={
            "field.delim": "\t",
            "escape.delim": "\\",
            "colelction.delim": "\x02",
            "mapkey.delim": "\x03",
            "line.delim": "\n",
            "serialization.null.format": "\\N",
            "serialization.format": "\t",
        },
        stored_as="TEXTFILE",
        location="s3://b/t/",
        properties={"k": "v", "level": "4"},
    )


@pytest.mark.parametrize(
    ("sql", "parsed"),
    [
        ("CREATE SCHEMA IF NOT EXISTS d COMMENT 'c' LOCATION 's3://b/' WITH DBPROPERTIES ('a'='b')", s.CreateDatabase("d", True, "c", "s3://b/", {"a": "b"})),
        ("ALTER DATABASE d SET DBPROPERTIES ('a'='b', 'c'='d')", s.AlterDatabase("d", {"a": "b", "c": "d"})),
        ("DROP DATABASE IF EXISTS `my-db` CASCADE", s.DropDatabase("my-db", True, True)),
        ("DROP SCHEMA d RESTRICT", s.DropDatabase("d", False, False)),
        ("DROP TABLE `db.t`", s.DropTable(s.Name("db", "t"), False)),
        ("DROP TABLE awsdatacatalog.db.t", s.DropTable(s.Name("db", "t"), False)),
        ('DROP VIEW IF EXISTS "db"."v"', s.DropTable(s.Name("db", "v", quoted=True), True, view=True)),
        ("ALTER TABLE t ADD PARTITION (d='x', n=-1) LOCATION 's3://b/x/' PARTITION (d='y', n=2)", s.AddPartitions(s.Name(None, "t"), False, (s.PartitionSpec({"d": "x", "n": "-1"}, "s3://b/x/"), s.PartitionSpec({"d": "y", "n": "2"})))),
        ("ALTER TABLE t DROP IF EXISTS PARTITION (`date`='x'), PARTITION (`date`='y')", s.DropPartitions(s.Name(None, "t"), True, (s.PartitionSpec({"date": "x"}), s.PartitionSpec({"date": "y"})))),
        ("ALTER TABLE t PARTITION (d='x') RENAME TO PARTITION (d='y')", s.RenamePartition(s.Name(None, "t"), s.PartitionSpec({"d": "x"}), s.PartitionSpec({"d": "y"}))),
        ("ALTER TABLE t CHANGE COLUMN a b bigint COMMENT 'c' AFTER z", s.ChangeColumn(s.Name(None, "t"), "a", s.Column("b", "bigint", "c"), "z")),
        ("ALTER TABLE t CHANGE a a bigint FIRST", s.ChangeColumn(s.Name(None, "t"), "a", s.Column("a", "bigint"), "")),
        ("ALTER TABLE t UNSET TBLPROPERTIES ('a', 'b')", s.UnsetTableProperties(s.Name(None, "t"), ("a", "b"))),
        ("ALTER TABLE t ADD COLUMNS (a int, b struct<c:string>)", s.AddColumns(s.Name(None, "t"), (s.Column("a", "int"), s.Column("b", "struct<c:string>")))),
        ("MSCK REPAIR TABLE `db`.`t`;", s.RepairTable(s.Name("db", "t"))),
    ],
)  # fmt: skip
def test_statements(sql, parsed) -> None:
    assert parse_ddl(sql) == parsed


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("CREATE EXTERNAL TABLE t (date string)", "SYNTAX_ERROR: line 1:26: mismatched input 'date'"),
        ("CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (timestamp string)", "SYNTAX_ERROR: line 1:49: mismatched input 'timestamp'"),
        ('CREATE EXTERNAL TABLE "t" (a int)', "SYNTAX_ERROR: line 1:23"),
        ('DROP TABLE "t"', "SYNTAX_ERROR: line 1:12"),
        ("CREATE EXTERNAL TABLE t (a int) LOCATION 's3://b/' LOCATION 's3://c/'", "SYNTAX_ERROR"),
        ("CREATE EXTERNAL TABLE t (a int,)", "SYNTAX_ERROR"),
        ("CREATE OR REPLACE TABLE t AS SELECT 1", "NOT_SUPPORTED"),
        ("ALTER TABLE t ADD COLUMN a int", "SYNTAX_ERROR"),
        ("ALTER TABLE t RENAME COLUMN a TO b", "NOT_SUPPORTED"),
        ("ALTER TABLE IF EXISTS t ADD COLUMNS (a int)", "SYNTAX_ERROR"),
        ("ALTER TABLE t PARTITION (d='x') ADD COLUMNS (a int)", "NOT_SUPPORTED"),
        ("MSCK REPAIR TABLE t SYNC PARTITIONS", "NOT_SUPPORTED: MSCK REPAIR TABLE ... SYNC"),
        ("DROP TABLE a.b.c.d", "SYNTAX_ERROR"),
        ("DROP DATABASE d CASCADE RESTRICT x", "SYNTAX_ERROR"),
    ],
)  # fmt: skip
def test_what_hives_grammar_does_not_know(sql, error) -> None:
    with pytest.raises(QueryError) as caught:
        parse_ddl(sql)
    assert str(caught.value).startswith(error)


# ---- databases


def test_databases(athena) -> None:
    name = f"{athena.database}_2"
    location = f"s3://{athena.bucket}/db/"
    sql = f"CREATE DATABASE {name} COMMENT 'mine' LOCATION '{location}' WITH DBPROPERTIES ('a'='b')"
    assert substatement(athena, sql) == "CREATE_DATABASE"
    stored = athena.glue.get_database(Name=name)["Database"]
    assert (stored["Description"], stored["LocationUri"]) == ("mine", location)
    task = "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "
    assert athena.fails(sql) == f"{task}Database {name} already exists"
    athena(f"CREATE SCHEMA IF NOT EXISTS {name}")
    athena(f"ALTER SCHEMA {name} SET DBPROPERTIES ('a'='c', 'd'='e')")
    stored = athena.glue.get_database(Name=name)["Database"]
    assert stored["Parameters"] == {"a": "c", "d": "e"}
    assert (stored["Description"], stored["LocationUri"]) == ("mine", location)
    athena(f"CREATE VIEW {name}.v AS SELECT 1 AS n")
    assert f"Database {name} is not empty" in athena.fails(f"DROP DATABASE {name}")
    assert substatement(athena, f"DROP SCHEMA {name} CASCADE") == "DROP_DATABASE"
    missing = f"FAILED: SemanticException [Error 10072]: Database does not exist: {name}"
    assert athena.fails(f"DROP DATABASE {name}") == missing
    athena(f"DROP DATABASE IF EXISTS {name}")


# ---- tables


@pytest.mark.parametrize(
    ("clause", "serde", "input_format"),
    [
        ("", "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", "org.apache.hadoop.mapred.TextInputFormat"),
        ("STORED AS ORC", "org.apache.hadoop.hive.ql.io.orc.OrcSerde", "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat"),
        ("STORED AS AVRO", "org.apache.hadoop.hive.serde2.avro.AvroSerDe", "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat"),
        ("STORED AS RCFILE", "org.apache.hadoop.hive.serde2.columnar.LazyBinaryColumnarSerDe", "org.apache.hadoop.hive.ql.io.RCFileInputFormat"),
        ("STORED AS INPUTFORMAT 'in' OUTPUTFORMAT 'out'", "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", "in"),
        ("ROW FORMAT SERDE 'my.SerDe' WITH SERDEPROPERTIES ('a'='b')", "my.SerDe", "org.apache.hadoop.mapred.TextInputFormat"),
    ],
)  # fmt: skip
def test_storage_of_an_external_table(athena, clause, serde, input_format) -> None:
    sql = f"CREATE EXTERNAL TABLE t (a int) {clause} LOCATION 's3://{athena.bucket}/t/'"
    assert substatement(athena, sql) == "CREATE_TABLE"
    storage = glue_table(athena)["StorageDescriptor"]
    assert storage["SerdeInfo"]["SerializationLibrary"] == serde
    assert storage["InputFormat"] == input_format
    assert storage["Location"] == f"s3://{athena.bucket}/t"


def test_a_table_exists_once(athena) -> None:
    sql = f"CREATE EXTERNAL TABLE %s t (a int) LOCATION 's3://{athena.bucket}/t/'"
    athena(sql % "")
    assert "AlreadyExistsException(message:Table t already exist)" in athena.fails(sql % "")
    athena(sql % "IF NOT EXISTS")
    assert substatement(athena, "DROP TABLE t") == "DROP_TABLE"
    missing = f"FAILED: SemanticException [Error 10001]: Table not found {athena.database}.t"
    assert athena.fails("DROP TABLE t") == missing
    athena("DROP TABLE IF EXISTS t")


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("CREATE EXTERNAL TABLE t (a int)", "INVALID_TABLE_PROPERTY: No location was specified for table"),
        ("CREATE TABLE t (a int) LOCATION 's3://b/'", "NOT_SUPPORTED: External keyword required for table type HIVE"),
        ("CREATE EXTERNAL TABLE t (a int) LOCATION 's3://b/' TBLPROPERTIES ('table_type'='ICEBERG')", "NOT_SUPPORTED: External keyword not supported for table type ICEBERG"),
        ("CREATE TABLE t (a int) STORED AS ORC LOCATION 's3://b/' TBLPROPERTIES ('table_type'='ICEBERG')", "NOT_SUPPORTED: Iceberg create table statement does not allow STORED AS/BY"),
        ("CREATE TABLE t (a int) LOCATION 's3://b/' TBLPROPERTIES ('table_type'='ICEBERG', 'comment'='x')", "NOT_SUPPORTED: Unsupported table property key: comment"),
        ("CREATE EXTERNAL TABLE t (a int, A string) LOCATION 's3://b/'", "FAILED: SemanticException [Error 10036]: Duplicate column name: a"),
        ("CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (a string) LOCATION 's3://b/'", "FAILED: SemanticException [Error 10036]"),
        ("CREATE EXTERNAL TABLE t (a int) CLUSTERED BY (b) INTO 2 BUCKETS LOCATION 's3://b/'", "FAILED: SemanticException [Error 10002]"),
        ("CREATE EXTERNAL TABLE t (a nope) LOCATION 's3://b/'", "HIVE_METASTORE_ERROR"),
        ("CREATE EXTERNAL TABLE t (a int) LOCATION '/tmp/x'", "INVALID_TABLE_PROPERTY"),
        ("CREATE EXTERNAL TABLE t (a int) STORED AS ION LOCATION 's3://b/'", "NOT_SUPPORTED: STORED AS ION"),
        ("CREATE EXTERNAL TABLE nope.t (a int) LOCATION 's3://b/'", "FAILED: SemanticException [Error 10072]"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_made(athena, sql, error) -> None:
    assert athena.fails(sql).startswith(error)


def test_properties_columns_and_location_of_a_hive_table(parted) -> None:
    assert (
        substatement(parted, "ALTER TABLE t SET TBLPROPERTIES ('notes'=\"Don't\")")
        == "ALTER_TABLE_PROPERTIES"
    )
    assert glue_table(parted)["Parameters"]["notes"] == "Don't"
    assert (
        substatement(parted, "ALTER TABLE t ADD COLUMNS (b string COMMENT 'c')")
        == "ALTER_TABLE_ADD_COLUMN"
    )
    assert "Duplicate column name: day" in parted.fails("ALTER TABLE t ADD COLUMNS (day int)")
    assert (
        substatement(
            parted, "ALTER TABLE t REPLACE COLUMNS (x int, y `date`)".replace("`date`", "date")
        )
        == "ALTER_TABLE_REPLACE_COLUMN"
    )
    assert [each["Name"] for each in glue_table(parted)["StorageDescriptor"]["Columns"]] == [
        "x",
        "y",
    ]
    location = f"s3://{parted.bucket}/elsewhere/"
    assert (
        substatement(parted, f"ALTER TABLE t SET LOCATION '{location}'")
        == "ALTER_TABLE_SET_LOCATION"
    )
    assert glue_table(parted)["StorageDescriptor"]["Location"] == location
    for sql in (
        "CHANGE COLUMN x z int",
        "DROP COLUMN x",
        "RENAME TO u",
        "UNSET TBLPROPERTIES ('notes')",
    ):
        assert parted.fails(f"ALTER TABLE t {sql}").startswith(("NOT_SUPPORTED", "FAILED: Parse"))


def test_columns_of_an_iceberg_table(ice) -> None:
    assert substatement(ice, "ALTER TABLE ice ADD COLUMNS (s string)") == "ALTER_TABLE_ADD_COLUMN"
    assert (
        substatement(ice, "ALTER TABLE ice CHANGE COLUMN n total bigint COMMENT 'sum' AFTER f")
        == "ALTER_TABLE_CHANGE_COLUMN"
    )
    ice("ALTER TABLE ice CHANGE f f double FIRST")
    ice("ALTER TABLE ice CHANGE price price decimal(9,2)")
    assert ice("SELECT * FROM ice") == [("0.5", "1", "2", "1.50", None)]
    rows = [row.split("\t") for (row,) in ice("DESCRIBE ice")[2:7]]
    assert rows == [["f", "double", ""], ["id", "bigint", ""], ["total", "bigint", "sum"], ["price", "decimal(9, 2)", ""], ["s", "string", ""]]  # fmt: skip
    assert substatement(ice, "ALTER TABLE ice DROP COLUMN s") == "ALTER_TABLE_DROP_COLUMN"
    for sql, error in {
        "CHANGE COLUMN total total int": "NOT_SUPPORTED: Cannot change column total",
        "CHANGE COLUMN total total string": "NOT_SUPPORTED: Cannot change column total",
        "CHANGE COLUMN nope x int": "COLUMN_NOT_FOUND",
        "CHANGE COLUMN total id bigint": "COLUMN_ALREADY_EXISTS",
        "REPLACE COLUMNS (a int)": "NOT_SUPPORTED: Query type not supported by Athena Iceberg",
        "SET LOCATION 's3://b/'": "NOT_SUPPORTED: Query type not supported by Athena Iceberg",
        "ADD PARTITION (a=1)": "NOT_SUPPORTED: Query type not supported by Athena Iceberg",
        "SET TBLPROPERTIES ('comment'='x')": "NOT_SUPPORTED: Unsupported table property key: comment",
    }.items():
        assert ice.fails(f"ALTER TABLE ice {sql}").startswith(error)
    assert "Athena Iceberg" in ice.fails("MSCK REPAIR TABLE ice")
    assert ice("SELECT total FROM ice") == [("2",)]


def test_properties_and_name_of_an_iceberg_table(ice) -> None:
    ice("ALTER TABLE ice SET TBLPROPERTIES ('vacuum_max_snapshot_age_seconds'='60')")
    shown = "vacuum_max_snapshot_age_seconds\t60"
    assert (shown,) in ice("SHOW TBLPROPERTIES ice")
    ice("ALTER TABLE ice UNSET TBLPROPERTIES ('vacuum_max_snapshot_age_seconds')")
    assert (shown,) not in ice("SHOW TBLPROPERTIES ice")
    assert substatement(ice, "ALTER TABLE ice RENAME TO ice2") == "ALTER_TABLE_RENAME"
    assert ice("SELECT id FROM ice2") == [("1",)]
    assert ice.fails("SELECT id FROM ice").startswith("TABLE_NOT_FOUND")


# ---- partitions


def test_partitions_are_added_dropped_renamed_and_moved(parted) -> None:
    here = f"s3://{parted.bucket}/t"
    added = (
        "ALTER TABLE t ADD PARTITION (day='2025-01-01', hour=1) "
        f"PARTITION (hour=2, day='x/y') LOCATION '{here}/other/'"
    )
    assert substatement(parted, added) == "ALTER_TABLE_ADD_PARTITION"
    first, second = ("2025-01-01", "1"), ("x/y", "2")
    assert partitions(parted) == {first: f"{here}/day=2025-01-01/hour=1/", second: f"{here}/other/"}
    assert "Partition already exists" in parted.fails(added)
    parted(added.replace("ADD", "ADD IF NOT EXISTS"))
    renamed = "ALTER TABLE t PARTITION (day='x/y', hour=2) RENAME TO PARTITION (day='z', hour=3)"
    assert substatement(parted, renamed) == "ALTER_TABLE_RENAME_PARTITION"
    parted(f"ALTER TABLE t PARTITION (day='z', hour=3) SET LOCATION '{here}/z/'")
    assert partitions(parted)["z", "3"] == f"{here}/z/"
    dropped = "ALTER TABLE t DROP PARTITION (day='z', hour=3), PARTITION (day='2025-01-01', hour=1)"
    assert substatement(parted, dropped) == "ALTER_TABLE_DROP_PARTITION"
    assert partitions(parted) == {}
    assert "Partition not found" in parted.fails(dropped)
    parted(dropped.replace("DROP PARTITION", "DROP IF EXISTS PARTITION", 1))
    assert parted.fails("ALTER TABLE t ADD PARTITION (day='a')").startswith(
        "INVALID_PARTITION_SPEC"
    )


def test_msck_adds_what_is_there_and_removes_nothing(parted) -> None:
    assert parted("MSCK REPAIR TABLE t") == [("Tables missing on filesystem:\tt",)]
    for folder in ("day=a/hour=1", "day=b/hour=2", "Day=c/hour=3", "day=12:00/hour=4", "_x/hour=5"):
        parted.put(f"t/{folder}/x.parquet", b"")
    parted("ALTER TABLE t ADD PARTITION (day='gone', hour=9)")
    assert parted("MSCK REPAIR TABLE t") == [
        ("Partitions not in metastore:\tt:day=a/hour=1\tt:day=b/hour=2",),
        ("Partitions missing from filesystem:\tt:day=gone/hour=9",),
        ("Repair: Added partition to metastore t:day=a/hour=1",),
        ("Repair: Added partition to metastore t:day=b/hour=2",),
    ]
    assert set(partitions(parted)) == {("a", "1"), ("b", "2"), ("gone", "9")}
    assert parted("MSCK REPAIR TABLE t") == [
        ("Partitions missing from filesystem:\tt:day=gone/hour=9",)
    ]
    assert substatement(parted, "MSCK REPAIR TABLE t") == "MSCK_REPAIR"


def test_formats_that_only_the_catalog_knows_are_not_read_as_text(athena) -> None:
    for format_ in ("SEQUENCEFILE", "RCFILE"):
        name = format_.lower()
        location = f"s3://{athena.bucket}/{name}/"
        athena(f"CREATE EXTERNAL TABLE {name} (a string) STORED AS {format_} LOCATION '{location}'")
        athena.put(f"{name}/x", "SEQ")
        assert athena.fails(f"SELECT a FROM {name}").startswith("NOT_SUPPORTED")


def test_what_glue_is_told_of_a_table(athena) -> None:
    """Locations without a last slash, the output format of a SERDE (PyAthena's tests); one space
    for more in comments and properties (measured by aoyagikouhei/athena-local)."""
    serde = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
    athena(
        "CREATE EXTERNAL TABLE t (a string COMMENT 'x   y \n\t z', b string COMMENT 'a\tb') "
        f"COMMENT 'one  two' ROW FORMAT SERDE '{serde}' "
        f"WITH SERDEPROPERTIES ('separatorChar'='  ') LOCATION 's3://{athena.bucket}/t/' "
        "TBLPROPERTIES ('k'='v   w')"
    )
    athena("ALTER TABLE t SET TBLPROPERTIES ('l'='m  n')")
    table = athena.glue.get_table(DatabaseName=athena.database, Name="t")["Table"]
    storage = table["StorageDescriptor"]
    assert storage["Location"] == f"s3://{athena.bucket}/t"
    assert storage["OutputFormat"] == "org.apache.hadoop.hive.ql.io.IgnoreKeyTextOutputFormat"
    assert [each["Comment"] for each in storage["Columns"]] == ["x y z", "a\tb"]
    assert (table["Description"], table["Parameters"]["k"]) == ("one two", "v w")
    assert table["Parameters"]["l"] == "m n"
    assert storage["SerdeInfo"]["Parameters"]["separatorChar"] == "  "


def test_a_view_that_dbt_describes_stays_one(athena) -> None:
    """dbt's persist_docs writes the description over the comment by which Trino knows a view."""
    athena("CREATE VIEW v AS SELECT 1 AS n")
    view = athena.glue.get_table(DatabaseName=athena.database, Name="v")["Table"]
    known = athena.glue.meta.service_model.shape_for("TableInput").members
    told = {name: value for name, value in view.items() if name in known}
    told |= {"Description": "mine", "Parameters": {**view["Parameters"], "comment": "mine"}}
    athena.glue.update_table(DatabaseName=athena.database, TableInput=told)
    view = athena.glue.get_table(DatabaseName=athena.database, Name="v")["Table"]
    assert view["Description"] == "mine"
    assert view["Parameters"]["comment"] == "Presto View"
    assert athena("SELECT n FROM v") == [("1",)]


# ---- types that Athena cannot read


@pytest.mark.parametrize(
    ("type_", "error"),
    [
        ("struct<a-b:int>", ": expected at the position 8 of 'struct<a-b:int>' but '-' is found."),
        ("struct<a:int,@:int>", "name expected at the position 13 of 'struct<a:int,@:int>' but '@' is found."),
        ("struct<a:decimal(10,2),b+c:int>", ": expected at the position 24 of 'struct<a:decimal(10,2),b+c:int>' but '+' is found."),
        ("map<int,array<struct<b c:int>>>", ": expected at the position 22 of 'map<int,array<struct<b c:int>>>' but ' ' is found."),
        ("struct<>", "name expected at the position 7 of 'struct<>' but '>' is found."),
        ("struct<a:struct<é.$_1:int>, b:map<string,decimal(3,1)>>", None),
        ("map<string,int>", None),
    ],
)  # fmt: skip
def test_names_that_a_struct_can_have(type_: str, error: str | None) -> None:
    assert field_error(type_) == (error and f"Error: {error}")


def test_a_struct_that_athena_cannot_read(athena) -> None:
    """Crawlers write such types on AWS too; then no query can read the table."""
    columns = [{"Name": "n", "Type": "int"}, {"Name": "s", "Type": "struct<a-b:int>"}]
    storage = {
        "Columns": columns,
        "Location": f"s3://{athena.bucket}/t/",
        "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"},
    }
    table = {"Name": "t", "StorageDescriptor": storage}
    athena.glue.create_table(DatabaseName=athena.database, TableInput=table)
    for sql in ("SELECT count(*) FROM t", "SELECT n FROM t"):
        assert athena.fails(sql).endswith(
            f"Glue table '{athena.database}.t' column 's' has invalid data type: struct<a-b:int>"
        )
    create = "CREATE EXTERNAL TABLE u (s struct<`a-b`:int>)"
    told = athena.fails(f"{create} LOCATION 's3://{athena.bucket}/u/'")
    assert told.startswith("FAILED: Execution Error, return code 1")
    assert told.endswith(
        "Error: : expected at the position 8 of 'struct<a-b:int>' but '-' is found."
    )
