"""Partition projection.

Sources: Athena user guide, "Partition projection", "Supported types for partition projection",
"Setting up partition projection", "Dynamic ID partitioning", "Amazon Kinesis Data Firehose
example"; java.time.format.DateTimeFormatter for the dates' formats.
"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localaws.sql.errors import QueryError
from localaws.sql.type_parser import parse_type
from localaws.tables.date_patterns import DatePattern
from localaws.tables.projection import load_projection

NOW = datetime(2025, 3, 31, 23, 59, 30, tzinfo=UTC)


def projection(type_: str = "string", template: str | None = None, **properties: str):
    """Of one key, k; `interval_unit` is the property interval.unit."""
    parameters = {
        f"projection.k.{name.replace('_', '.')}": value for name, value in properties.items()
    }
    if template:
        parameters["storage.location.template"] = template
    glue = {
        "DatabaseName": "db",
        "Name": "t",
        "Parameters": {"projection.enabled": "true", **parameters},
        "StorageDescriptor": {"Location": "s3://b/t"},
    }
    return load_projection(glue, (("k", parse_type(type_)),), NOW)


@pytest.mark.parametrize(
    ("properties", "values"),
    [
        ({"type": "enum", "values": "A,B, C,A"}, ["A", "B", " C"]),
        ({"type": " Integer ", "range": " 1 , 3 "}, ["1", "2", "3"]),
        ({"type": "integer", "range": "-1,1"}, ["-1", "0", "1"]),
        ({"type": "integer", "range": "1,3", "interval": "2"}, ["1", "3"]),
        ({"type": "integer", "range": "0001,0003", "digits": "2"}, ["01", "02", "03"]),
        ({"type": "date", "format": "yyyyMM", "range": "201711,201802"}, ["201711", "201712", "201801", "201802"]),
        ({"type": "date", "format": "yyyy-MM", "range": "2017-01,2017-06", "interval": "2", "interval_unit": "MONTHS"}, ["2017-01", "2017-03", "2017-05"]),
        ({"type": "date", "format": "dd-MM-yyyy", "range": "30-12-2017,01-01-2018"}, ["30-12-2017", "31-12-2017", "01-01-2018"]),
        ({"type": "date", "format": "yyyy/MM/dd", "range": "NOW-2DAYS,NOW"}, ["2025/03/29", "2025/03/30", "2025/03/31"]),
        ({"type": "date", "format": "yyyy/MM/dd/HH", "range": "2025/03/31/22,NOW", "interval": "1", "interval_unit": "hours"}, ["2025/03/31/22", "2025/03/31/23"]),
        ({"type": "date", "format": "yyyy-MM", "range": " NOW - 1 MONTHS ,NOW+1MONTH"}, ["2025-02", "2025-03", "2025-04"]),
        ({"type": "date", "format": "yyyy", "range": "NOW-3YEARS,NOW", "interval": "1", "interval_unit": "YEARS"}, ["2022", "2023", "2024", "2025"]),
        ({"type": "date", "format": "yyyy-MM-dd", "range": "2025-03-01,2025-03-20", "interval": "1", "interval_unit": "WEEKS"}, ["2025-03-01", "2025-03-08", "2025-03-15"]),
        ({"type": "date", "format": "'y'yyyy'-m'M'-d'd", "range": "y2025-m9-d30,y2025-m10-d1"}, ["y2025-m9-d30", "y2025-m10-d1"]),
        ({"type": "date", "format": "yyyy-MM-dd", "range": "2025-03-01,2025-03-01"}, ["2025-03-01"]),
    ],
)  # fmt: skip
def test_values(properties, values) -> None:
    assert list(projection(**properties).keys[0].values) == values


@pytest.mark.parametrize(
    ("properties", "error"),
    [
        ({}, "HIVE_METASTORE_ERROR: Table db.t is configured for partition projection, but the following partition columns are missing projection configuration: [k] (table db.t)"),
        ({"type": "other"}, "INVALID_COLUMN_PROPERTY"),
        ({"type": "enum"}, "INVALID_COLUMN_PROPERTY"),
        ({"type": "integer", "range": "1"}, "INVALID_COLUMN_PROPERTY"),
        ({"type": "integer", "range": "a,b"}, "INVALID_COLUMN_PROPERTY"),
        ({"type": "integer", "range": "3,1"}, "INVALID_COLUMN_PROPERTY"),
        ({"type": "integer", "range": "1,9", "interval": "0"}, "INVALID_COLUMN_PROPERTY"),
        ({"type": "integer", "range": "1,9000000"}, "NOT_SUPPORTED"),
        ({"type": "date", "range": "2025,NOW"}, "INVALID_COLUMN_PROPERTY"),
        ({"type": "date", "format": "yyyy", "range": "2020,NOW"}, "INVALID_COLUMN_PROPERTY"),
        ({"type": "date", "format": "yyyy-MM-dd", "range": "2020/01/01,NOW"}, "INVALID_COLUMN_PROPERTY"),
        ({"type": "date", "format": "yyyy-MM-dd", "range": "NOW,NOW-1DAY"}, "INVALID_COLUMN_PROPERTY"),
        ({"type": "date", "format": "yyyy-MM-dd HH", "range": "2020-01-01 00,NOW"}, "INVALID_COLUMN_PROPERTY"),
        ({"type": "date", "format": "yyyy-MM-dd", "range": "2020-01-31,NOW", "interval": "1", "interval_unit": "MONTHS"}, "NOT_SUPPORTED"),
        ({"type": "date", "format": "yyyy MMM", "range": "2020 Jan,NOW"}, "NOT_SUPPORTED: the date format 'yyyy MMM' of k"),
        ({"type": "date", "format": "YYYY", "range": "2020,NOW"}, "NOT_SUPPORTED"),
        ({"type": "enum", "values": "a", "template": "s3://b/t/x/"}, "HIVE_METASTORE_ERROR: storage.location.template"),
        ({"type": "enum", "values": "a", "template": "s3://b/t/${k}/${z}/"}, "HIVE_METASTORE_ERROR: storage.location.template"),
        ({"type": "enum", "values": "a", "template": "s3://${k}/"}, "HIVE_METASTORE_ERROR: storage.location.template"),
    ],
)  # fmt: skip
def test_what_is_not_configured_right_is_refused(properties, error) -> None:
    with pytest.raises(QueryError) as caught:
        projection(**properties)
    assert str(caught.value).startswith(error)


@pytest.mark.parametrize(
    ("type_", "properties"),
    [
        ("int", {"type": "injected"}),
        ("int", {"type": "date", "format": "yyyy", "range": "2020,NOW"}),
        ("date", {"type": "date", "format": "yyyy/MM/dd", "range": "2020/01/01,NOW"}),
        ("date", {"type": "integer", "range": "1,2"}),
        ("timestamp", {"type": "date", "format": "yyyy/MM/dd", "range": "2020/01/01,NOW"}),
    ],
)
def test_types_that_a_projection_cannot_have(type_, properties) -> None:
    with pytest.raises(QueryError, match="NOT_SUPPORTED"):
        projection(type_, **properties)


@pytest.mark.parametrize(
    ("template", "location"),
    [
        (None, "s3://b/t/k=a%2Fb/"),
        ("s3://b/t/${k}/", "s3://b/t/a/b/"),
        ("s3://b/x/${k}/y/${k}", "s3://b/x/a/b/y/a/b"),
    ],
)
def test_locations(template, location) -> None:
    found = projection(type="enum", values="a/b", template=template)
    assert found.partition_location(("a/b",)) == location


@given(st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)))
def test_dates_are_written_as_strftime_does_and_read_back(moment) -> None:
    pattern = DatePattern.parse("yyyy/MM/dd'T'HH-mm-ss.SSSSSS", "k")
    text = pattern.write(moment)
    assert text == moment.strftime("%Y/%m/%dT%H-%M-%S.") + f"{moment.microsecond:06d}"
    assert pattern.read(text) == moment
    coarse = DatePattern.parse("d.M.yyyy H", "k")
    assert coarse.read(coarse.write(moment)) == moment.replace(minute=0, second=0, microsecond=0)


# ---- through the endpoint


def table(athena, keys: str, properties: str, name: str = "t") -> None:
    athena(
        f"CREATE EXTERNAL TABLE {name} (v string) PARTITIONED BY ({keys}) ROW FORMAT SERDE "
        f"'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://{athena.bucket}/t/' "
        f"TBLPROPERTIES ('projection.enabled'='true', {properties})"
    )


def put(athena, folder: str, value: str) -> None:
    athena.put(f"t/{folder}/x.json", f'{{"v":"{value}"}}\n')


def test_partitions_come_from_the_projection_and_not_from_glue(athena) -> None:
    put(athena, "year=2019", "a")
    put(athena, "year=2020", "b")
    put(athena, "year=2021", "c")
    table(
        athena, "year int", "'projection.year.type'='integer', 'projection.year.range'='2020,2030'"
    )
    athena(f"ALTER TABLE t ADD PARTITION (year=2019) LOCATION 's3://{athena.bucket}/t/year=2019/'")
    assert athena("SELECT v, year FROM t ORDER BY year") == [("b", "2020"), ("c", "2021")]
    assert athena("SELECT v FROM t WHERE year = 2019") == []
    assert athena("SHOW PARTITIONS t") == [("year=2019",)]
    athena("ALTER TABLE t SET TBLPROPERTIES ('projection.enabled'='false')")
    assert athena("SELECT v, year FROM t") == [("a", "2019")]


def test_only_what_where_leaves_is_read(athena) -> None:
    for day in ("01", "02", "03"):
        for region in ("eu", "us"):
            put(athena, f"{region}/2025/01/{day}", f"{region}{day}")
    table(
        athena,
        "region string, day string",
        "'projection.region.type'='enum', 'projection.region.values'='eu,us,ap', "
        "'projection.day.type'='date', 'projection.day.format'='yyyy/MM/dd', "
        "'projection.day.range'='2025/01/01,NOW', "
        f"'storage.location.template'='s3://{athena.bucket}/t/${{region}}/${{day}}/'",
    )
    sql = "SELECT v FROM t WHERE day >= '2025/01/02' AND region IN ('us', 'xx') ORDER BY v"
    assert athena(sql) == [("us02",), ("us03",)]
    assert athena.scanned(sql) == 2 * len('{"v":"us02"}\n')
    both = "SELECT v FROM t WHERE day = '2025/01/01' OR (region = 'eu' AND day = '2025/01/03') ORDER BY 1"
    assert athena(both) == [("eu01",), ("eu03",), ("us01",)]
    error = athena.fails("SELECT v FROM t WHERE day > '2025-01-01'")
    assert error.startswith(
        "NOT_SUPPORTED: comparing the projected date column day with '2025-01-01'"
    )


def test_a_format_that_does_not_sort_is_not_compared_by_order(athena) -> None:
    put(athena, "d=02-01-2025", "a")
    table(
        athena,
        "d string",
        "'projection.d.type'='date', 'projection.d.format'='dd-MM-yyyy', "
        "'projection.d.range'='01-01-2024,NOW'",
    )
    assert athena("SELECT v, d FROM t WHERE d = '02-01-2025'") == [("a", "02-01-2025")]
    assert athena("SELECT v FROM t WHERE d IN ('02-01-2025', '03-01-2025')") == [("a",)]
    error = athena.fails("SELECT v FROM t WHERE d BETWEEN '01-01-2025' AND '31-01-2025'")
    assert "does not sort as the dates do" in error


def test_dates_as_dates(athena) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    put(athena, f"day={yesterday}", "new")
    put(athena, "day=2020-01-01", "old")
    table(
        athena,
        "day date",
        "'projection.day.type'='date', 'projection.day.format'='yyyy-MM-dd', "
        "'projection.day.range'='NOW-3YEARS,NOW'",
    )
    assert athena("SELECT v FROM t WHERE day > current_date - INTERVAL '7' DAY") == [("new",)]
    assert athena("SELECT v FROM t") == [("new",)]


@pytest.mark.parametrize(
    ("format_", "now", "unit"),
    [("yyyy-MM-dd HH:mm:ss", "2025-03-01 13:30:00", "HOURS"), ("yyyy-MM-dd", "2025-03-01", "DAYS")],
)
def test_timestamps_as_timestamps(athena, format_, now, unit) -> None:
    put(athena, f"at={now.replace(':', '%3A')}", "mine")
    put(athena, "at=2025-03-02", "other")
    table(
        athena,
        "at timestamp",
        f"'projection.at.type'='date', 'projection.at.format'='{format_}', "
        f"'projection.at.range'='{now},{now.replace('03-01', '03-02')}', "
        f"'projection.at.interval'='1', 'projection.at.interval.unit'='{unit}'",
    )
    before = "SELECT v, at FROM t WHERE at < TIMESTAMP '2025-03-01 14:00:00'"
    text = f"{now}.000" if " " in now else f"{now} 00:00:00.000"
    assert athena(before) == [("mine", text)]
    assert athena("SELECT v FROM t WHERE date(at) = DATE '2025-03-01'") == [("mine",)]
    assert athena("SELECT v FROM t WHERE at > TIMESTAMP '2025-03-03 00:00:00'") == []


def test_injected_values_come_from_where(athena) -> None:
    put(athena, "d1", "one")
    put(athena, "d2", "two")
    table(
        athena,
        "device string",
        "'projection.device.type'='injected', "
        f"'storage.location.template'='s3://{athena.bucket}/t/${{device}}'",
    )
    assert athena("SELECT v, device FROM t WHERE device = 'd1'") == [("one", "d1")]
    assert athena("SELECT v FROM t WHERE 'd' || '2' = device AND v <> ''") == [("two",)]
    found = "SELECT v FROM t WHERE device IN ('d1', 'd2', 'd3') ORDER BY v"
    assert athena(found) == [("one",), ("two",)]
    assert athena("SELECT v FROM t WHERE device = 'd1' OR device = 'd2' ORDER BY v") == athena(
        found
    )
    assert athena("SELECT v FROM t WHERE device = 'd1' AND device IN ('d2', 'd3')") == []
    for condition in ("true", "device > 'a'", "device <> 'd1'", "device LIKE 'd%'", "device = v"):
        assert athena.fails(f"SELECT v FROM t WHERE {condition}") == (
            "CONSTRAINT_VIOLATION: For the injected projected partition column device, the WHERE "
            "clause must contain only static equality conditions, and at least one such condition "
            "must be present."
        )


def test_what_is_inserted_is_found_again_or_not_inserted(athena) -> None:
    sql = (
        "CREATE EXTERNAL TABLE {} (v string) PARTITIONED BY (n int) STORED AS PARQUET "
        f"LOCATION 's3://{athena.bucket}/{{}}/' TBLPROPERTIES ('projection.enabled'='true', "
        "'projection.n.type'='integer', 'projection.n.range'='1,9'{})"
    )
    athena(sql.format("plain", "plain", ""))
    athena("INSERT INTO plain SELECT 'a', 7")
    assert athena("SELECT v, n FROM plain WHERE n > 5") == [("a", "7")]
    athena(sql.format("padded", "padded", ", 'projection.n.digits'='2'"))
    error = athena.fails("INSERT INTO padded SELECT 'a', 7")
    assert error.startswith("NOT_SUPPORTED") and "projection.n.digits" in error
