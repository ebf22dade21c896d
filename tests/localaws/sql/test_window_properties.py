"""Window functions against a second implementation in Python.

It follows the words of Trino's documentation ("Window functions") and of the SQL standard on
frames, and computes row by row, with no idea of how the engine does it.
"""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Row = tuple[int, int | None, int | None]
Bound = tuple[str, int]  # ("preceding" | "following" | "current" | "first" | "last", offset)

ROWS = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(0, 4)), st.one_of(st.none(), st.integers(-3, 3))),
    min_size=1,
    max_size=7,
).map(lambda pairs: [(i, key, value) for i, (key, value) in enumerate(pairs)])
OFFSETS = st.integers(0, 3)
STARTS = st.one_of(
    st.just(("first", 0)),
    st.just(("current", 0)),
    st.tuples(st.just("preceding"), OFFSETS),
    st.tuples(st.just("following"), OFFSETS),
)
ENDS = st.one_of(
    st.just(("last", 0)),
    st.just(("current", 0)),
    st.tuples(st.just("preceding"), OFFSETS),
    st.tuples(st.just("following"), OFFSETS),
)
# Trino refuses the frames that end before they start by their words alone.
FRAMES = st.tuples(STARTS, ENDS).filter(
    lambda ends: (
        (ends[0][0], ends[1][0])
        not in {("current", "preceding"), ("following", "preceding"), ("following", "current")}
    )
)
CHECKS = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def bound_sql(bound: Bound) -> str:
    word, offset = bound
    return {
        "first": "UNBOUNDED PRECEDING",
        "last": "UNBOUNDED FOLLOWING",
        "current": "CURRENT ROW",
    }.get(word, f"{offset} {word.upper()}")


def table_sql(rows: list[Row]) -> str:
    def literal(value: int | None) -> str:
        return "CAST(NULL AS integer)" if value is None else str(value)

    lines = ", ".join(f"({i}, {literal(key)}, {literal(value)})" for i, key, value in rows)
    return f"(VALUES {lines}) AS t(id, k, v)"


def in_order(rows: list[Row], *, descending: bool, nulls_first: bool) -> list[Row]:
    def place(row: Row) -> tuple:
        null = (row[1] is None) != nulls_first
        key = row[1] or 0
        return (null, -key if descending else key, row[0])

    return sorted(rows, key=place)


def peers(rows: list[Row]) -> list[int]:
    """The number of each row's peer group."""
    groups, number = [], -1
    for i, row in enumerate(rows):
        if i == 0 or row[1] != rows[i - 1][1]:
            number += 1
        groups.append(number)
    return groups


def frame_rows(
    rows: list[Row], at: int, kind: str, start: Bound, end: Bound, *, descending: bool
) -> list[Row]:
    """The rows of the frame, in order."""
    groups = peers(rows)

    def after_start(j: int) -> bool:
        return start[0] == "first" or compared(j, start) >= 0

    def before_end(j: int) -> bool:
        return end[0] == "last" or compared(j, end) <= 0

    def compared(j: int, bound: Bound) -> int:
        """How row j lies to the bound: before it (negative), on it, behind it."""
        word, offset = bound
        steps = {"preceding": -offset, "following": offset, "current": 0}[word]
        if kind == "ROWS":
            return j - (at + steps)
        if kind == "GROUPS":
            return groups[j] - (groups[at] + steps)
        if word == "current" or rows[at][1] is None or rows[j][1] is None:
            # NULLs are peers of each other, and at no distance from anything else.
            return groups[j] - groups[at]
        sign = -1 if descending else 1
        return sign * (rows[j][1] - rows[at][1]) - steps

    return [row for j, row in enumerate(rows) if after_start(j) and before_end(j)]


def text(value: int | None) -> str | None:
    return None if value is None else str(value)


@CHECKS
@given(ROWS, FRAMES, st.booleans(), st.booleans(), st.integers(1, 3))
def test_rows_frames(query, rows, frame, descending, nulls_first, place) -> None:
    start, end = frame
    direction = "DESC" if descending else "ASC"
    nulls = "FIRST" if nulls_first else "LAST"
    over = (
        f"OVER (ORDER BY k {direction} NULLS {nulls}, id "
        f"ROWS BETWEEN {bound_sql(start)} AND {bound_sql(end)})"
    )
    functions = [
        f"count(v) {over}",
        f"sum(v) {over}",
        f"min(v) {over}",
        f"first_value(v) {over}",
        f"first_value(v) IGNORE NULLS {over}",
        f"last_value(v) RESPECT NULLS {over}",
        f"last_value(v) IGNORE NULLS {over}",
        f"nth_value(v, {place}) {over}",
        f"nth_value(v, {place}) IGNORE NULLS {over}",
    ]
    sql = f"SELECT id, {', '.join(functions)} FROM {table_sql(rows)} ORDER BY id"
    ordered = in_order(rows, descending=descending, nulls_first=nulls_first)
    expected = {}
    for at, (number, _, _) in enumerate(ordered):
        inside = frame_rows(ordered, at, "ROWS", start, end, descending=descending)
        values = [value for _, _, value in inside]
        known = [value for value in values if value is not None]
        expected[number] = [
            len(known),
            sum(known) if known else None,
            min(known, default=None),
            values[0] if values else None,
            known[0] if known else None,
            values[-1] if values else None,
            known[-1] if known else None,
            values[place - 1] if len(values) >= place else None,
            known[place - 1] if len(known) >= place else None,
        ]
    found = {int(number): list(values) for number, *values in query(sql)[2]}
    assert found == {number: [*map(text, values)] for number, values in expected.items()}


@CHECKS
@given(ROWS, FRAMES, st.sampled_from(["RANGE", "GROUPS"]), st.booleans(), st.booleans())
def test_range_and_groups_frames(query, rows, frame, kind, descending, nulls_first) -> None:
    start, end = frame
    direction = "DESC" if descending else "ASC"
    nulls = "FIRST" if nulls_first else "LAST"
    over = (
        f"OVER (ORDER BY k {direction} NULLS {nulls} "
        f"{kind} BETWEEN {bound_sql(start)} AND {bound_sql(end)})"
    )
    sql = f"SELECT id, count(*) {over}, sum(id) {over} FROM {table_sql(rows)} ORDER BY id"
    ordered = in_order(rows, descending=descending, nulls_first=nulls_first)
    expected = {}
    for at, (number, _, _) in enumerate(ordered):
        inside = frame_rows(ordered, at, kind, start, end, descending=descending)
        ids = [row[0] for row in inside]
        expected[number] = (str(len(ids)), str(sum(ids)) if ids else None)
    found = {int(number): (count, total) for number, count, total in query(sql)[2]}
    assert found == expected


def moved(rows: list[Row], at: int, offset: int, *, ignore: bool, default: int | None) -> object:
    """lag (negative offset) and lead: the value `offset` rows, or values, away."""
    step = 1 if offset > 0 else -1
    if offset == 0:
        return rows[at][2]
    count, place = 0, at
    while count < abs(offset):
        place += step
        if not 0 <= place < len(rows):
            return default
        if not ignore or rows[place][2] is not None:
            count += 1
    return rows[place][2]


@CHECKS
@given(ROWS, st.integers(0, 3), st.one_of(st.none(), st.integers(7, 9)))
def test_lag_and_lead(query, rows, offset, default) -> None:
    over = "OVER (ORDER BY k, id)"
    rest = "CAST(NULL AS integer)" if default is None else str(default)
    functions = [
        f"{name}(v, {offset}, {rest}) {nulls} {over}"
        for name in ("lag", "lead")
        for nulls in ("RESPECT NULLS", "IGNORE NULLS")
    ]
    # The offset and the default may be those of the row.
    functions += [f"lag(v, id % 3, id) {over}", f"ntile(id % 3 + 1) {over}"]
    sql = f"SELECT id, {', '.join(functions)} FROM {table_sql(rows)} ORDER BY id"
    ordered = in_order(rows, descending=False, nulls_first=False)
    expected = {}
    for at, (number, _, _) in enumerate(ordered):
        values = [
            moved(ordered, at, sign * offset, ignore=ignore, default=default)
            for sign in (-1, 1)
            for ignore in (False, True)
        ]
        values.append(moved(ordered, at, -(number % 3), ignore=False, default=number))
        values.append(bucket(at, len(ordered), number % 3 + 1))
        expected[number] = [*map(text, values)]
    found = {int(number): list(values) for number, *values in query(sql)[2]}
    assert found == expected


def bucket(at: int, size: int, buckets: int) -> int:
    """ntile: buckets that differ by one row at most, the larger ones first."""
    small, larger = divmod(size, buckets)
    border = larger * (small + 1)
    return at // (small + 1) + 1 if at < border else larger + (at - border) // small + 1
