"""Text as a moment: the parts of a format as one regular expression, and what its groups mean.

Source of the rules: Joda-Time, `DateTimeFormatterBuilder` (greedy numbers, names in three cases)
and `DateTimeParserBucket` (what is not read is 1970-01-01 00:00, but the year 2000 beside a month
or a day). A format whose fields would contradict each other is refused.
"""

import re
from dataclasses import dataclass, field

from localaws.sql.functions.date_patterns import (
    Fraction,
    Literal,
    Name,
    Number,
    Part,
    TwoDigitYear,
    Zone,
)

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NAMES = {"month": _MONTHS, "day_of_week": _DAYS}


@dataclass
class Reading:
    """How a text is read: `shape` is the whole text's regular expression with a group for each of
    `groups`, `fields` the SQL of each field over `m`, the struct of the groups."""

    shape: str = ""
    groups: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)

    def group(self, pattern: str) -> str:
        name = f"g{len(self.groups)}"
        self.groups.append(name)
        self.shape += f"({pattern})"
        return f"m.{name}"

    def set(self, name: str, sql: str) -> None:
        """A field that stands twice is refused: the two might differ."""
        if name in self.fields:
            raise NotImplementedError(f"a format that reads {name} twice")
        self.fields[name] = sql


def reading(parts: list[Part]) -> Reading:
    """Raises NotImplementedError for parts that cannot be read exactly."""
    result = Reading()
    for part, after in zip(parts, [*parts[1:], None], strict=True):
        _read(part, _starts_with_digit(after), result)
    return result


def _starts_with_digit(part: Part | None) -> bool:
    if isinstance(part, Literal):
        return part.text[:1].isdigit()
    return isinstance(part, Number | TwoDigitYear | Fraction)


def _read(part: Part, digits_follow: bool, into: Reading) -> None:
    match part:
        case Literal(text):
            into.shape += f"(?i:{re.escape(text)})"
        case Number(name, _, most, signed):
            # Numbers are greedy: one before another digit has all the digits it can have.
            count = f"{{{most}}}" if digits_follow else f"{{1,{most}}}"
            digits = into.group(f"[+]?[0-9]{count}" if signed else f"[0-9]{count}")
            into.set(name, f"{digits}::INTEGER")
        case TwoDigitYear(name, pivot, lenient):
            text = into.group("[0-9]{2}" if digits_follow or not lenient else "[0-9]{1,9}")
            low = pivot - 50
            windowed = f"{low} + ({text}::INTEGER + {100 - low % 100}) % 100"
            into.set(name, f"CASE WHEN len({text}) = 2 THEN {windowed} ELSE {text}::INTEGER END")
        case Fraction(_, most):
            text = into.group(f"[0-9]{{{most}}}" if digits_follow else f"[0-9]{{1,{most}}}")
            into.set("millisecond", f"rpad({text}, 3, '0')::INTEGER")
        case Name("halfday"):
            into.set("halfday", f"upper({into.group('AM|PM|am|pm')})")
        case Name(name):
            forms = [form for each in _NAMES[name] for form in (each, each[:3])]
            cases = (spelling for form in forms for spelling in (form, form.upper(), form.lower()))
            text = into.group("|".join(sorted(dict.fromkeys(cases), key=len, reverse=True)))
            shorts = ", ".join(f"'{each[:3].upper()}'" for each in _NAMES[name])
            into.set(name, f"list_position([{shorts}], upper({text}[:3]))")
        case Zone("id"):
            raise NotImplementedError("reading the name of a time zone")
        case Zone():
            into.set("zone", into.group("[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?"))


def local_sql(fields: dict[str, str]) -> str:
    """SQL of the TIMESTAMP that these fields make, NULL where they make none.

    Raises NotImplementedError for fields that could contradict each other.
    """
    date_ok, day = _date(fields)
    time_ok, hour = _hour(fields)
    minute, second = (fields.get(name, "0") for name in ("minute", "second"))
    millisecond = fields.get("millisecond", "0")
    checks = [*date_ok, *time_ok]
    checks += [f"{each} BETWEEN 0 AND 59" for each in (minute, second) if each != "0"]
    passed = f"to_microseconds((({hour}) * 3600 + {minute} * 60 + {second})::BIGINT * 1000000)"
    moment = f"CAST({day} AS TIMESTAMP) + {passed} + to_microseconds(({millisecond}) * 1000)"
    # One check after the other: each may fail outside of what those before it let pass.
    for check in reversed(checks):
        moment = f"CASE WHEN {check} THEN {moment} END"
    return moment


def _date(fields: dict[str, str]) -> tuple[list[str], str]:
    """Conditions that a valid date meets, in order, and the SQL of the date."""
    given = fields.keys() & {"year", "month", "day", "day_of_year", "day_of_week"}
    weeks = fields.keys() & {"year_of_week", "week"}
    if weeks:
        return _week_date(fields, given)
    if "day_of_week" in given and not {"month", "day"} <= given:
        raise NotImplementedError("reading the day of the week without a date")
    year = fields.get("year") or ("2000" if given else "1970")
    checks = [f"({year}) BETWEEN 0 AND 9999"] if "year" in fields else []
    if "day_of_year" in given:
        if given & {"month", "day", "day_of_week"}:
            raise NotImplementedError("reading the day of the year beside other fields of a date")
        number, first = f"({fields['day_of_year']})", f"make_date({year}, 1, 1)"
        day = f"({first} + CAST({number} - 1 AS INTEGER))"
        return [*checks, f"{number} >= 1", f"year({day}) = {year}"], day
    month, number = (f"({fields.get(name, '1')})" for name in ("month", "day"))
    checks += [f"{month} BETWEEN 1 AND 12"] if "month" in given else []
    if "day" in given:
        checks += [f"{number} BETWEEN 1 AND day(last_day(make_date({year}, {month}, 1)))"]
    day = f"make_date({year}, {month}, {number})"
    if "day_of_week" in given:
        day = f"tr_on_weekday({day}, {fields['day_of_week']})"
    return checks, day


def _week_date(fields: dict[str, str], others: set[str]) -> tuple[list[str], str]:
    if others - {"day_of_week"} or "year_of_week" not in fields:
        raise NotImplementedError("reading a week without its year, or beside months and days")
    year = f"({fields['year_of_week']})"
    week, number = (f"({fields.get(name, '1')})" for name in ("week", "day_of_week"))
    # January 4 is in the first week.
    fourth = f"make_date({year}, 1, 4)"
    days = f"CAST(7 * ({week} - 1) - isodow({fourth}) + 1 AS INTEGER)"
    monday = f"({fourth} + {days})"
    checks = [
        f"{year} BETWEEN 1 AND 9999",
        f"{week} >= 1",
        f"isoyear({monday}) = {year}",
        f"{number} BETWEEN 1 AND 7",
    ]
    return checks, f"({monday} + CAST({number} - 1 AS INTEGER))"


def _hour(fields: dict[str, str]) -> tuple[list[str], str]:
    # Where an hour of 24 stands beside AM or PM, the hour is what counts.
    of_halfday = fields.keys() & {"clockhour_of_halfday", "hour_of_halfday"}
    of_day = fields.keys() & {"hour", "clockhour_of_day"}
    if len(of_halfday) + len(of_day) > 1:
        raise NotImplementedError("reading the hour twice")
    if "hour" in fields:
        return [f"({fields['hour']}) BETWEEN 0 AND 23"], fields["hour"]
    if "clockhour_of_day" in fields:
        hour = f"({fields['clockhour_of_day']})"
        return [f"{hour} BETWEEN 1 AND 24"], f"{hour} % 24"
    later = f"CASE {fields['halfday']} WHEN 'PM' THEN 12 ELSE 0 END" if "halfday" in fields else "0"
    if not of_halfday:
        return [], later
    name = of_halfday.pop()
    hour, least = f"({fields[name]})", 1 if name == "clockhour_of_halfday" else 0
    return [f"{hour} BETWEEN {least} AND {11 + least}"], f"{hour} % 12 + {later}"


def parsed_sql(text: str, read: Reading, result: str) -> str:
    """SQL of `result`, an expression over `m`, for a `text`; fails where it does not fit."""
    shape = read.shape.replace("'", "''")
    names = ", ".join(f"'{name}'" for name in read.groups)
    found = f"regexp_extract(t, '^(?:{shape})$', [{names}])" if names else "{'g0': ''}"
    moment = f"list_transform([{found}], lambda m: {result})[1]"
    fitting = f"CASE WHEN regexp_full_match(t, '{shape}') THEN {moment} END"
    checked = f"CASE WHEN t IS NOT NULL THEN coalesce({fitting}, tr_invalid_format(t)) END"
    return f"list_transform([{text}], lambda t: {checked})[1]"
