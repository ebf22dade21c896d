"""Date arithmetic against a second implementation, on Python's datetime and zoneinfo.

The rules: Joda-Time, which Trino computes with. A span is as many whole units as can be added
without passing its end; of two equal local times the one with the offset of before counts; a local
time that clocks skip is moved on.
"""

import calendar
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
MONTHS = {"month": 1, "quarter": 3, "year": 12}
LENGTHS = {
    "millisecond": timedelta(milliseconds=1),
    **{unit: timedelta(**{f"{unit}s": 1}) for unit in ("second", "minute", "hour", "day", "week")},
}
ZONES = (
    *("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata"),
    *("America/Sao_Paulo", "Pacific/Apia"),
)

milliseconds = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
# Many near the ends of months, where months differ.
month_ends = st.builds(
    lambda year, month, day, hour: datetime(year, month, 1, hour) + timedelta(days=day),
    st.integers(1999, 2025),
    st.integers(1, 12),
    st.integers(-4, 2),
    st.integers(0, 23),
)
moments = st.one_of(milliseconds, month_ends)
# Instants around the ends of daylight saving time in many places.
transitions = st.builds(
    lambda year, month, minutes: datetime(year, month, 1, tzinfo=UTC) + timedelta(minutes=minutes),
    st.integers(1980, 2025),
    st.sampled_from([3, 4, 10, 11]),
    st.integers(0, 35 * 24 * 60),
)
some = settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def add_months(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def add(unit: str, amount: int, moment: datetime) -> datetime:
    if unit in MONTHS:
        return add_months(moment, MONTHS[unit] * amount)
    return moment + LENGTHS[unit] * amount


def difference(unit: str, start: datetime, end: datetime) -> int:
    if end < start:
        return -difference(unit, end, start)
    if unit in LENGTHS:
        return (end - start) // LENGTHS[unit]
    months = (end.year - start.year) * 12 + end.month - start.month
    while add_months(start, months) > end:
        months -= 1
    return months // MONTHS[unit]


def truncate(unit: str, moment: datetime) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    match unit:
        case "millisecond":
            return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        case "second":
            return moment.replace(microsecond=0)
        case "minute":
            return moment.replace(second=0, microsecond=0)
        case "hour":
            return moment.replace(minute=0, second=0, microsecond=0)
        case "day":
            return day
        case "week":
            return day - timedelta(days=moment.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(day=1, month=(moment.month - 1) // 3 * 3 + 1)
    return day.replace(day=1, month=1)


def at_clock(local: datetime, zone: ZoneInfo, near: datetime) -> datetime:
    """The instant of a local time: with the offset of `near`, if that is possible."""
    kept = (local - near.astimezone(zone).utcoffset()).replace(tzinfo=UTC)
    if kept.astimezone(zone).replace(tzinfo=None) == local:
        return kept
    both = {local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    fitting = [each for each in both if each.astimezone(zone).replace(tzinfo=None) == local]
    return fitting[0] if fitting else max(both)


def literal(moment: datetime) -> str:
    return f"TIMESTAMP '{moment.replace(tzinfo=None):%Y-%m-%d %H:%M:%S.%f}'".replace("000'", "'")


def printed(moment: datetime) -> str:
    # Not strftime: it does not pad years before 1000.
    return moment.replace(tzinfo=None).isoformat(" ", "milliseconds")


Cases = list[tuple[tuple, tuple[str, ...]]]


@pytest.fixture
def column(query) -> Callable[[Callable[..., str], Cases], list[str]]:
    """`expression(*key)` over columns a, b of cases (key, SQL of a and b) -> a value for each."""

    def run(expression: Callable[..., str], cases: Cases) -> list[str]:
        found = [""] * len(cases)
        for key in {key for key, _ in cases}:
            places = [place for place, case in enumerate(cases) if case[0] == key]
            rows = ", ".join(f"({place}, {', '.join(cases[place][1])})" for place in places)
            columns = ", ".join(("a", "b")[: len(cases[places[0]][1])])
            sql = f"SELECT i, {expression(*key)} FROM (VALUES {rows}) AS t(i, {columns})"
            for place, value in query(sql)[2]:
                found[int(place)] = value
        return found

    return run


units = st.sampled_from(UNITS)
zones = st.sampled_from(ZONES)


def several(*parts: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(st.tuples(*parts), min_size=30)


@some
@given(cases=several(units, moments, moments))
def test_date_diff_counts_whole_units(column, cases) -> None:
    found = column(
        "date_diff('{}', a, b)".format, [((u,), (literal(a), literal(b))) for u, a, b in cases]
    )
    assert found == [str(difference(*case)) for case in cases]


@some
@given(cases=several(st.sampled_from(UNITS[4:]), st.dates(), moments))
def test_date_diff_of_dates(column, cases) -> None:
    days = [(u, datetime(a.year, a.month, a.day), truncate("day", b)) for u, a, b in cases]
    found = column(
        "date_diff('{}', a, b)".format,
        [((u,), (f"DATE '{a.date()}'", f"DATE '{b.date()}'")) for u, a, b in days],
    )
    assert found == [str(difference(*case)) for case in days]


@some
@given(cases=several(units, st.integers(-1000, 1000), moments))
def test_date_add(column, cases) -> None:
    found = column(
        "date_add('{}', a, b)".format, [((u,), (str(n), literal(m))) for u, n, m in cases]
    )
    assert found == [printed(add(*case)) for case in cases]


@some
@given(cases=several(units, moments))
def test_date_trunc(column, cases) -> None:
    found = column("date_trunc('{}', a)".format, [((u,), (literal(m),)) for u, m in cases])
    assert found == [printed(truncate(*case)) for case in cases]


@some
@given(days=st.lists(st.dates(date(1, 1, 8), date(9999, 12, 20)), min_size=30))
def test_weeks_are_those_of_iso_8601(query, days) -> None:
    values = ", ".join(f"(DATE '{day.isoformat()}')" for day in days)
    fields = "year_of_week(d), week(d), day_of_week(d), day_of_year(d)"
    expected = [(*day.isocalendar(), day.timetuple().tm_yday) for day in days]
    found = query(f"SELECT {fields} FROM (VALUES {values}) AS t(d)")[2]
    assert found == [tuple(map(str, each)) for each in expected]


IN_ZONE = "at_timezone(with_timezone({}, 'UTC'), '{}')"
TIME_UNITS = UNITS[:4]


@some
@given(cases=several(units, zones, transitions))
def test_date_trunc_in_a_zone(column, cases) -> None:
    found = column(
        lambda unit, zone: f"date_trunc('{unit}', {IN_ZONE.format('a', zone)}) AT TIME ZONE 'UTC'",
        [((u, z), (literal(t),)) for u, z, t in cases],
    )
    expected = []
    for unit, name, instant in cases:
        zone = ZoneInfo(name)
        local = instant.astimezone(zone).replace(tzinfo=None)
        cut = truncate(unit, local)
        kept = instant - (local - cut) if unit in TIME_UNITS else at_clock(cut, zone, instant)
        expected.append(f"{printed(kept)} UTC")
    assert found == expected


@some
@given(cases=several(units, st.integers(-40, 40), zones, transitions))
def test_date_add_in_a_zone(column, cases) -> None:
    found = column(
        lambda unit, zone: f"date_add('{unit}', a, {IN_ZONE.format('b', zone)}) AT TIME ZONE 'UTC'",
        [((u, z), (str(n), literal(t))) for u, n, z, t in cases],
    )
    expected = []
    for unit, amount, name, instant in cases:
        zone = ZoneInfo(name)
        if unit in TIME_UNITS:
            moved = add(unit, amount, instant)
        else:
            local = add(unit, amount, instant.astimezone(zone).replace(tzinfo=None))
            moved = at_clock(local, zone, instant)
        expected.append(f"{printed(moved)} UTC")
    assert found == expected


FORMATS = ("%Y-%m-%d %H:%i:%s.%f", "%y%m%d%H%i%s%f", "%W, %e %M %Y %r %f", "%j/%Y %T,%f")
in_two_digits = st.datetimes(datetime(1970, 1, 1), datetime(2069, 12, 31)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)


@some
@given(cases=several(st.sampled_from(FORMATS), in_two_digits))
def test_what_date_format_writes_date_parse_reads(column, cases) -> None:
    found = column(
        "date_parse(date_format(a, '{0}'), '{0}')".format,
        [((f,), (literal(m),)) for f, m in cases],
    )
    assert found == [printed(moment) for _, moment in cases]
    names = column(
        "date_format(a, '%a %b %d %H %i %S %j %M %W %p')".format,
        [((), (literal(m),)) for _, m in cases],
    )
    assert names == [m.strftime("%a %b %d %H %M %S %j %B %A %p") for _, m in cases]


@some
@given(cases=several(zones, transitions))
def test_a_local_time_in_a_zone_is_the_first_it_can_be(column, cases) -> None:
    locals_ = [(z, t.astimezone(ZoneInfo(z)).replace(tzinfo=None)) for z, t in cases]
    written = [f"{printed(local)} {zone}" for zone, local in locals_]
    assert (
        column(
            "CAST(CAST(a AS timestamp(3) with time zone) AT TIME ZONE '{}' AS varchar)".format,
            [
                ((z,), (f"TIMESTAMP '{w}' AT TIME ZONE 'UTC'",))
                for w, (z, _) in zip(written, locals_, strict=True)
            ],
        )
        == written
    )
    instants = column(
        "a".format, [((), (f"TIMESTAMP '{each}' AT TIME ZONE 'UTC'",)) for each in written]
    )
    first = (local.replace(tzinfo=ZoneInfo(z)).astimezone(UTC) for z, local in locals_)
    assert instants == [f"{printed(each)} UTC" for each in first]
