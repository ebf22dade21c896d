"""Time zones: the names that are accepted, and local times of instants.

Source of the names: Trino's `TimeZoneKey` (offsets from -14:00 to +14:00, the spellings that mean
UTC, region ids in their exact case). A region keeps the spelling it was given.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from localaws.sql.quoting import text_literal

_MEANS_UTC = frozenset(
    (
        *("Z", "Zulu", "UCT", "UTC", "UT", "GMT", "GMT0", "Greenwich", "Universal"),
        *("Etc/UTC", "Etc/UCT", "Etc/UT", "Etc/GMT", "Etc/GMT0", "Etc/Universal"),
        *(f"{name}{sign}0" for name in ("UTC", "UT", "GMT") for sign in "+-"),
        *(f"Etc/{name}{sign}0" for name in ("UTC", "UT", "GMT") for sign in "+-"),
    )
)
# Names that Java does not know or takes for something else; of EET and WET the past is disputed
# between versions of the time zone database.
_REFUSED = re.compile(
    r"(Etc|posix|right|SystemV)/.*|EST|HST|MST|ROC|EET|WET|Factory|localtime|posixrules"
)
_OFFSET = re.compile(r"([+-])(\d{1,2})(?::?(\d{2}))?")


@cache
def zone_id(text: str) -> str | None:
    """Trino's id of the zone that `text` names: `UTC`, `+hh:mm` or a region; None for no zone."""
    if text in _MEANS_UTC:
        return "UTC"
    if match := _OFFSET.fullmatch(text):
        if len(match[2]) == 1 and match[3]:
            return None
        return offset_id(int(match[2]) * 60 + int(match[3] or 0), negative=match[1] == "-")
    return text if text in _regions() else None


def offset_id(minutes: int, *, negative: bool = False) -> str | None:
    """The id of an offset of so many minutes from UTC; None where Trino has no such zone."""
    if minutes > 14 * 60:
        return None
    if minutes == 0:
        return "UTC"
    return f"{'-' if negative else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


@cache
def _regions() -> frozenset[str]:
    return frozenset(name for name in available_timezones() if not _REFUSED.fullmatch(name))


def offset_minutes(zone: str) -> int | None:
    """Minutes east of UTC of a fixed zone; None for a region."""
    if zone == "UTC":
        return 0
    match = _OFFSET.fullmatch(zone)
    if not match:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    return -minutes if match[1] == "-" else minutes


def tz(zone: str) -> tzinfo:
    minutes = offset_minutes(zone)
    return ZoneInfo(zone) if minutes is None else timezone(timedelta(minutes=minutes))


def instant(local: datetime, zone: str) -> datetime:
    """The moment, in UTC, at which clocks in `zone` show `local`.

    As java.time: the first of two; a time that clocks skip is moved on by what they skip.
    Raises OverflowError beyond the years 1 to 9999.
    """
    return local.replace(tzinfo=tz(zone)).astimezone(UTC)


def local_sql(sql: str, zone: str) -> str:
    """DuckDB: what clocks in `zone` show at the instant `sql`, a TIMESTAMP."""
    minutes = offset_minutes(zone)
    if minutes is None:
        return f"timezone({text_literal(zone)}, {sql})"
    in_utc = f"timezone('UTC', {sql})"
    return f"({in_utc} + to_minutes({minutes}))" if minutes else in_utc


def instant_sql(sql: str, zone: str, near: str | None = None) -> str:
    """DuckDB: the instant at which clocks in `zone` show the TIMESTAMP `sql`.

    As Joda-Time, which Trino computes with: of two such instants the one with the offset of the
    instant `near`, a time that clocks skip is moved on by what they skip.
    """
    minutes = offset_minutes(zone)
    if minutes is not None:
        shifted = f"({sql} - to_minutes({minutes}))" if minutes else sql
        return f"timezone('UTC', {shifted})"
    if near is None:
        return f"tr_instant({sql}, {text_literal(zone)})"
    return f"tr_instant_near({sql}, {text_literal(zone)}, {near})"
