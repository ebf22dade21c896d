"""Views. Sources: Athena user guide, "Working with views"; Trino's StatementAnalyzer for the
errors; the stored text is what Trino's Glue metastore writes (ViewReaderUtil)."""

import base64
import json

import pytest


def stored(athena, name: str) -> dict:
    table = athena.glue.get_table(DatabaseName=athena.database, Name=name)["Table"]
    assert table["TableType"] == "VIRTUAL_VIEW"
    assert table["Parameters"]["presto_view"] == "true"
    text = table["ViewOriginalText"]
    assert text.startswith("/* Presto View: ") and text.endswith(" */")
    return json.loads(base64.b64decode(text[len("/* Presto View: ") : -len(" */")]))


def put_view(athena, name: str, sql: str, columns: list[dict], **more: str) -> None:
    """As an SDK, a crawler or Terraform would make it."""
    view = {"originalSql": sql, "catalog": "awsdatacatalog", "schema": athena.database, **more}
    text = base64.b64encode(json.dumps({**view, "columns": columns}).encode()).decode()
    glue_columns = [{"Name": each["name"], "Type": "string"} for each in columns]
    athena.glue.create_table(
        DatabaseName=athena.database,
        TableInput={
            "Name": name,
            "TableType": "VIRTUAL_VIEW",
            "Parameters": {"presto_view": "true"},
            "ViewOriginalText": f"/* Presto View: {text} */",
            "StorageDescriptor": {"Columns": glue_columns},
        },
    )


def table(athena, name: str, columns: str) -> None:
    athena(
        f"CREATE EXTERNAL TABLE {name} ({columns}) STORED AS PARQUET "
        f"LOCATION 's3://{athena.bucket}/{name}/'"
    )


def test_a_view_is_stored_as_athena_stores_it(athena) -> None:
    athena("CREATE VIEW v AS SELECT 1 AS A, CAST('x' AS varchar(3)) AS b, ARRAY[1.5] AS c")
    view = stored(athena, "v")
    assert (view["catalog"], view["schema"]) == ("awsdatacatalog", athena.database)
    assert view["originalSql"] == "SELECT 1 AS A, CAST('x' AS varchar(3)) AS b, ARRAY[1.5] AS c"
    assert view["columns"] == [
        {"name": "a", "type": "integer"},
        {"name": "b", "type": "varchar(3)"},
        {"name": "c", "type": "array(double)"},
    ]
    assert athena("SELECT * FROM v") == [("1", "x", "[1.5]")]


def test_a_view_that_an_sdk_made_is_read(athena) -> None:
    put_view(athena, "v", "SELECT 7 AS n", [{"name": "n", "type": "integer"}])
    assert athena("SELECT n + 1 FROM v") == [("8",)]
    put_view(athena, "wide", "SELECT 7 AS n", [{"name": "n", "type": "bigint"}])
    assert athena("SELECT typeof(n) FROM wide") == [("bigint",)]


MOMENTS = [
    ("t", "2020-09-13 12:26:40.000 UTC"),
    ("date(t)", "2020-09-13"),
    ("CAST(t AS varchar)", "2020-09-13 12:26:40.000 UTC"),
    ("date_trunc('hour', t)", "2020-09-13 12:00:00.000 UTC"),
    ("max(t)", "2020-09-13 12:26:40.000 UTC"),
    ("CAST(t AT TIME ZONE 'UTC' AS timestamp)", "2020-09-13 12:26:40.000"),
    ("hour(t)", "12"),
    ("tokyo", "2020-09-13 21:26:40.000 Asia/Tokyo"),
    ("hour(tokyo)", "21"),
    ("typeof(tokyo)", "timestamp(3) with time zone"),
    ("a", "[2020-09-13 21:26:40.000 Asia/Tokyo]"),
    ("hour(a[1])", "21"),
    ("m", "{x=2020-09-13 12:26:40.000 UTC}"),
    ("r", "{t=2020-09-13 12:26:40.000 UTC}"),
    ("hour(r.t)", "12"),
]
INSTANTS = """
    WITH i AS (SELECT from_unixtime(x) t FROM (VALUES 1600000000) v(x)),
    z AS (
        SELECT t, t AT TIME ZONE 'Asia/Tokyo' tokyo FROM i
        UNION ALL SELECT t, null FROM i WHERE false
    )
    SELECT t, tokyo, ARRAY[tokyo] a, map(ARRAY['x'], ARRAY[t]) m,
        CAST(ROW(t) AS ROW(t timestamp(3) with time zone)) r
    FROM (SELECT * FROM z)
"""


def test_moments_keep_their_zones_through_views(athena) -> None:
    """As the query itself gives them, also in arrays, maps and rows, and through two views."""
    athena(f"CREATE VIEW v AS {INSTANTS}")
    athena("CREATE VIEW w AS SELECT * FROM v")
    expressions, expected = zip(*MOMENTS, strict=True)
    selected = ", ".join(each if "max" in each else f"max_by({each}, 1)" for each in expressions)
    for source in (f"({INSTANTS})", "v", "w"):
        assert athena(f"SELECT {selected} FROM {source}") == [expected]


def test_names_of_fields_keep_their_case_through_views(athena) -> None:
    fields = 'ROW("userId" integer, "a b" integer, plain integer)'
    athena(f"CREATE VIEW v AS SELECT CAST(ROW(1, 2, 3) AS {fields}) r, ROW(1) u")
    assert stored(athena, "v")["columns"] == [
        {"name": "r", "type": 'row("userId" integer, "a b" integer, plain integer)'},
        {"name": "u", "type": "row(integer)"},
    ]
    expected = [('{"userId":1,"a b":2,"plain":3}', "{1}")]
    assert athena("SELECT CAST(r AS json), u FROM v") == expected


def test_fields_of_rows_in_new_tables(athena) -> None:
    """Of any case, read back in lower case from the catalog; without a name refused as by Trino."""
    query = """SELECT CAST(ROW(1, ROW(2)) AS ROW("userId" integer, "In" ROW("B" integer))) r"""
    for name, options in (
        ("p", "format = 'PARQUET'"),
        ("o", "format = 'ORC'"),
        ("a", "format = 'AVRO'"),
        ("j", "format = 'JSON'"),
        ("i", "table_type = 'ICEBERG', is_external = false"),
    ):
        location = f"s3://{athena.bucket}/rows-{name}/"
        place = "location" if name == "i" else "external_location"
        athena(f"CREATE TABLE {name} WITH ({options}, {place} = '{location}') AS {query}")
        ((value, user, inner),) = athena(f'SELECT CAST(r AS json), r.userid, r."in".b FROM {name}')
        assert (value.lower(), user, inner) == ('{"userid":1,"in":{"b":2}}', "1", "2"), name
    unnamed = "AS SELECT ARRAY[ROW(1)] r"
    hive = f"CREATE TABLE x WITH (external_location = 's3://{athena.bucket}/x/') {unnamed}"
    assert "Anonymous row type is not supported in Hive" in athena.fails(hive)
    iceberg = hive.replace(
        "external_location", "table_type = 'ICEBERG', is_external = false, location"
    )
    assert "Row type field does not have a name: row(integer)" in athena.fails(iceberg)


def test_nested_views(athena) -> None:
    athena("CREATE VIEW one AS SELECT n FROM (VALUES 1, 2, 3) t(n)")
    athena("CREATE VIEW two AS SELECT n * 2 AS n FROM one WHERE n > 1")
    assert athena("SELECT sum(n) FROM two") == [("10",)]
    athena("CREATE OR REPLACE VIEW one AS SELECT n FROM (VALUES 5) t(n)")
    assert athena("SELECT sum(n) FROM two") == [("10",)]


def test_a_view_never_reads_itself(athena) -> None:
    athena("CREATE VIEW one AS SELECT 1 AS n")
    athena("CREATE VIEW two AS SELECT n FROM one")
    error = athena.fails("CREATE OR REPLACE VIEW one AS SELECT n FROM one")
    assert error.startswith("VIEW_IS_RECURSIVE") and "recursive view" in error
    assert "recursive view" in athena.fails("CREATE OR REPLACE VIEW one AS SELECT n FROM two")
    assert athena("SELECT n FROM two") == [("1",)]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ("a string", "column [a] of type varchar projected from query view at position 0 cannot be coerced to column [a] of type integer stored in view definition"),
        ("a int, b int", "stored view column count (1) does not match column count derived from the view query analysis (2)"),
        ("z int", "column [z] of type integer projected from query view at position 0 has a different name from column [a] of type integer stored in view definition"),
    ],
)  # fmt: skip
def test_a_view_goes_stale(athena, columns, reason) -> None:
    table(athena, "t", "a int")
    athena("CREATE VIEW v AS SELECT * FROM t")
    athena(f"ALTER TABLE t REPLACE COLUMNS ({columns})")
    title = f"View 'awsdatacatalog.{athena.database}.v'"
    expected = f"VIEW_IS_STALE: line 1:15: {title} is stale or in invalid state: {reason}"
    assert athena.fails("SELECT * FROM v") == expected
    athena("CREATE OR REPLACE VIEW v AS SELECT * FROM t")
    assert athena("SELECT * FROM v") == []


def test_a_view_whose_table_is_gone_or_whose_type_narrows_less(athena) -> None:
    table(athena, "t", "a smallint")
    athena("CREATE VIEW v AS SELECT CAST(a AS int) AS a FROM t")
    athena("DROP TABLE t")
    error = athena.fails("SELECT * FROM v")
    title = f"Failed analyzing stored view 'awsdatacatalog.{athena.database}.v'"
    assert error.startswith(f"INVALID_VIEW: line 1:15: {title}") and "does not exist" in error


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("CREATE VIEW v AS SELECT 1", "MISSING_COLUMN_NAME: line 1:1: Column name not specified at position 1"),
        ("CREATE VIEW v AS SELECT 1 AS a, 2 AS A", "DUPLICATE_COLUMN_NAME: line 1:1: Column name 'a' specified more than once"),
        ("CREATE VIEW t AS SELECT 1 AS a", "TABLE_ALREADY_EXISTS: line 1:1: Table already exists"),
        ("CREATE OR REPLACE VIEW t AS SELECT 1 AS a", "TABLE_ALREADY_EXISTS"),
        ("CREATE VIEW nope.v AS SELECT 1 AS a", "SCHEMA_NOT_FOUND"),
        ("CREATE VIEW v (a) AS SELECT 1", "NOT_SUPPORTED: CREATE VIEW other than"),
        ("CREATE VIEW v AS SELECT nope FROM t", "COLUMN_NOT_FOUND"),
        ("CREATE VIEW v AS SELECT * FROM information_schema.tables", "NOT_SUPPORTED"),
        ("CREATE VIEW v AS DELETE FROM t", "SYNTAX_ERROR"),
        ("ALTER VIEW v AS SELECT 1", "NOT_SUPPORTED: ALTER VIEW"),
        ("DROP VIEW missing", "TABLE_NOT_FOUND: line 1:1: View"),
        ("DROP VIEW t", "NOT_SUPPORTED"),
    ],
)  # fmt: skip
def test_what_fails(athena, sql, error) -> None:
    table(athena, "t", "a int")
    assert athena.fails(sql).startswith(error)


def test_views_of_other_makers_are_refused_by_name(athena) -> None:
    athena.glue.create_table(
        DatabaseName=athena.database,
        TableInput={
            "Name": "hive",
            "TableType": "VIRTUAL_VIEW",
            "ViewOriginalText": "SELECT 1 AS n",
            "StorageDescriptor": {"Columns": [{"Name": "n", "Type": "int"}]},
        },
    )
    assert "Hive views are not supported locally" in athena.fails("SELECT * FROM hive")
    put_view(athena, "far", "SELECT 1 AS n", [{"name": "n", "type": "integer"}], catalog="other")
    assert "the catalog other is not supported locally" in athena.fails("SELECT * FROM far")
    athena.glue.create_table(
        DatabaseName=athena.database,
        TableInput={
            "Name": "broken",
            "TableType": "VIRTUAL_VIEW",
            "ViewOriginalText": "/* Presto View: bm9wZQ== */",
            "StorageDescriptor": {"Columns": []},
        },
    )
    assert athena.fails("SELECT * FROM broken").startswith("INVALID_VIEW")
