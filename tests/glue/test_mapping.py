"""The mapping file: what it refuses, what it makes of a document, and that nothing gets lost."""

import copy
import json
import pickle
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glue import mapping
from glue.event_document import Event, Rejected, parse_event

REQUIRED = {
    "event_id": '"id"',
    "user_id": '"uid"',
    "action": '"type"',
    "timestamp": '"ts"',
    "metadata.device": '{ constant = "mobile" }',
    "metadata.location": '{ constant = "EU" }',
}
UUID = "55e9a098-0000-4000-8000-000000000001"
DOCUMENT = {"id": UUID, "uid": 7, "type": "view", "ts": "2025-01-02T03:04:05Z"}


def toml(source: str = "shop", **fields: str | None) -> str:
    """A valid mapping file with some fields replaced; `__` in a name is a dot, None leaves out."""
    lines = REQUIRED | {name.replace("__", "."): text for name, text in fields.items()}
    rows = [f'"{name}" = {text}' for name, text in lines.items() if text is not None]
    return "\n".join([f'source = "{source}"', "[fields]", *rows])


def applied(document: dict[str, Any], **fields: str | None) -> dict[str, Any]:
    return mapping.parse(toml(**fields)).apply(DOCUMENT | document)


def parsed(document: dict[str, Any], **fields: str | None) -> Event:
    return parse_event(json.dumps(DOCUMENT | document).encode(), mapping.parse(toml(**fields)))


def test_the_smallest_mapping() -> None:
    assert applied({}) == {
        "event_id": UUID,
        "user_id": 7,
        "action": "view",
        "timestamp": "2025-01-02T03:04:05Z",
        "metadata": {"device": "mobile", "location": "EU"},
    }
    assert mapping.parse(toml()).name == "shop"


def test_nested_tables_and_dotted_names_are_the_same() -> None:
    nested = """
        source = "shop"
        [fields]
        event_id = "id"
        user_id = "uid"
        action = "type"
        timestamp = "ts"
        metadata.device = { constant = "mobile" }
        [fields.metadata.location]
        constant = "EU"
    """
    assert mapping.parse(nested) == mapping.parse(toml())


def test_unknown_keys_stay_where_they_were() -> None:
    document = {
        "id": {"event": UUID, "trace": "t"},
        "only": {"uid": 7},
        "list": [{"a": None}],
        "empty": {},
        "metadata": {"shard": 3},
    }
    mapped = applied(document, event_id='"id.event"', user_id='"only.uid"')
    assert mapped["id"] == {"trace": "t"}
    assert "only" not in mapped  # nothing is left in it
    assert (mapped["list"], mapped["empty"]) == ([{"a": None}], {})
    assert mapped["metadata"] == {"device": "mobile", "location": "EU", "shard": 3}
    event = parsed(document, event_id='"id.event"', user_id='"only.uid"')
    assert json.loads(event.extra) == {
        "id": {"trace": "t"},
        "list": [{"a": None}],
        "empty": {},
        "uid": 7,
        "metadata": {"shard": 3},
    }


def test_what_only_looks_like_a_field_of_ours_is_not_taken_for_one() -> None:
    document = {
        "timestamp": 5,
        "unmapped": "theirs",
        "metadata": {"page": 3, "purchase": {"total": "much", "items": 4, "by": "card"}},
    }
    mapped = applied(document)
    assert mapped["timestamp"] == "2025-01-02T03:04:05Z"
    assert mapped["unmapped"] == "theirs"
    assert mapped["unmapped_"] == {
        "timestamp": 5,
        "metadata": {"page": 3, "purchase": {"total": "much", "items": 4}},
    }
    assert mapped["metadata"]["purchase"] == {"by": "card"}
    event = parsed(document)
    assert (event.page, event.purchase_total, event.item_count) == (None, None, None)


@pytest.mark.parametrize("nothing", [{}, {"kind": None}, {"kind": ""}])
def test_default(nothing: dict[str, Any]) -> None:
    device = '{ path = "kind", default = "desktop", values = { d = "desktop", m = "mobile" } }'
    assert applied(nothing, metadata__device=device)["metadata"]["device"] == "desktop"
    assert applied({"kind": "m"}, metadata__device=device)["metadata"]["device"] == "mobile"
    # what the table does not list stays: a new action is an event
    assert applied({"kind": "tv"}, metadata__device=device)["metadata"]["device"] == "tv"
    # without a default the parser says what is missing
    with pytest.raises(Rejected, match="missing_field"):
        parsed(nothing, metadata__device='"kind"')


def test_values_of_other_types_by_their_json_text() -> None:
    action = '{ path = "type", values = { 1 = "view", true = "login", "2.50" = "purchase" } }'
    for theirs, ours in [(1, "view"), (True, "login"), (Decimal("2.50"), "purchase"), ([], [])]:
        assert applied({"type": theirs}, action=action)["action"] == ours


def test_keys_with_dots_brackets_and_backslashes() -> None:
    for key, path in [
        ("a.b", r"'a\.b.c'"),
        ("a[0]", r"'a\[0].c'"),
        ("a\\b", r"'a\\b.c'"),
        ("ä b", "'ä b.c'"),
        ("it's", '"it\'s.c"'),
    ]:
        assert applied({key: {"c": 9}}, user_id=path)["user_id"] == 9


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        ("epoch_s", 1735787045, "2025-01-02T03:04:05.000000Z"),
        ("epoch_s", Decimal("1735787045.1234567"), "2025-01-02T03:04:05.123456Z"),
        ("epoch_s", "1735787045", "2025-01-02T03:04:05.000000Z"),
        ("epoch_ms", 1735787045678, "2025-01-02T03:04:05.678000Z"),
        ("epoch_ms", Decimal("1.735787045678E+12"), "2025-01-02T03:04:05.678000Z"),
        ("epoch_us", 1735787045678901, "2025-01-02T03:04:05.678901Z"),
        ("epoch_us", Decimal("1735787045678901." + "9" * 50), "2025-01-02T03:04:05.678901Z"),
        ("epoch_ms", -1, "1969-12-31T23:59:59.999000Z"),
        ("epoch_us", Decimal("-0.5"), "1969-12-31T23:59:59.999999Z"),
        ("%d/%m/%Y %H:%M:%S", "02/01/2025 03:04:05", "2025-01-02T03:04:05.000000Z"),
        ("%Y-%m-%d %H:%M:%S %z", "2025-01-02 03:04:05 +0100", "2025-01-02T02:04:05.000000Z"),
        ("iso", "2025-01-02 03:04:05", "2025-01-02 03:04:05"),
        # what cannot be converted is left
        ("epoch_ms", True, True),
        ("epoch_ms", "soon", "soon"),
        ("epoch_ms", {"ms": 1}, {"ms": 1}),
        ("%d/%m/%Y", "2025-01-02", "2025-01-02"),
        ("%d/%m/%Y", 7, 7),
    ],
)
def test_timestamps(form: str, value: Any, text: Any) -> None:
    mapped = applied({"ts": value}, timestamp=f'{{ path = "ts", format = "{form}" }}')
    assert mapped["timestamp"] == text


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        ("iso", "2025-01-02T03:04:05", "2025-01-02T02:04:05.000000Z"),
        ("iso", "2025-07-02T03:04:05.5", "2025-07-02T01:04:05.500000Z"),
        ("iso", "2025-01-02T03:04:05Z", "2025-01-02T03:04:05Z"),
        ("iso", "2025-01-02", "2025-01-02"),
        ("%Y%m%d%H%M%S", "20250702030405", "2025-07-02T01:04:05.000000Z"),
        # shown twice and never
        ("iso", "2025-10-26T02:30:00", "2025-10-26T00:30:00.000000Z"),
        ("iso", "2025-03-30T02:30:00", "2025-03-30T01:30:00.000000Z"),
    ],
)
def test_zones(form: str, value: str, text: str) -> None:
    field = f'{{ path = "ts", format = "{form}", zone = "Europe/Berlin" }}'
    assert applied({"ts": value}, timestamp=field)["timestamp"] == text


@pytest.mark.parametrize(
    ("form", "value", "reason"),
    [
        ("epoch_ms", 10**17, "bad_timestamp"),
        ("epoch_ms", -(10**17), "bad_timestamp"),
        ("epoch_s", 10**400, "bad_timestamp"),
        ("epoch_s", "soon", "bad_timestamp"),
        ("epoch_s", False, "bad_type"),
        ("epoch_s", [], "bad_type"),
        ("epoch_s", None, "missing_field"),
        ("%d/%m/%Y", "31/02/2025", "bad_timestamp"),
    ],
)
def test_the_parser_says_why(form: str, value: Any, reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        parsed({"ts": value}, timestamp=f'{{ path = "ts", format = "{form}" }}')


def test_an_exponent_of_the_parser_becomes_no_moment() -> None:
    line = json.dumps(DOCUMENT | {"ts": 0}).replace('"ts": 0', '"ts": 1e999999999').encode()
    shop = mapping.parse(toml(timestamp='{ path = "ts", format = "epoch_s" }'))
    with pytest.raises(Rejected, match="bad_timestamp"):
        parse_event(line, shop)


def test_derived_uuids() -> None:
    one = '{ path = "seq", format = "uuid5" }'
    several = '{ paths = ["uid", "ts", "none"], format = "uuid5" }'
    assert applied({"seq": 12}, event_id=one)["event_id"] == str(
        uuid.uuid5(uuid.NAMESPACE_URL, "shop:12")
    )
    mapped = applied({"seq": 12}, event_id=several)
    assert mapped["event_id"] == str(
        uuid.uuid5(uuid.NAMESPACE_URL, 'shop:[7,"2025-01-02T03:04:05Z",null]')
    )
    # what was only read is still there
    assert applied({"seq": 12}, event_id=one)["seq"] == 12
    assert parsed({"seq": "x"}, event_id=one).event_id != parsed({"seq": 1}, event_id=one).event_id
    other = mapping.parse(toml("web", event_id=one)).apply(DOCUMENT | {"seq": 12})
    assert other["event_id"] != applied({"seq": 12}, event_id=one)["event_id"]
    with pytest.raises(Rejected, match="missing_field"):
        parsed({"seq": None}, event_id=one)
    with pytest.raises(Rejected, match="bad_type"):
        parsed({"seq": {"no": 1}}, event_id=one)


def test_items() -> None:
    field = '{ path = "cart[]", fields = { sku = "code", quantity = "n.of", unit_price = "p" } }'
    cart = [
        {"code": "A", "n": {"of": 2}, "p": 9.5, "gift": True},
        {"sku": "not ours", "code": "B"},
    ]
    event = parsed({"cart": cart}, metadata__purchase__items=field)
    assert [tuple(item) for item in event.items] == [("A", 2, Decimal("9.50")), ("B", None, None)]
    assert json.loads(event.extra)["metadata"]["purchase"]["items"] == [
        {"gift": True},
        {"unmapped": {"sku": "not ours"}},
    ]
    for bad in ({"code": "A"}, "text", [1]):
        with pytest.raises(Rejected, match="bad_type"):
            parsed({"cart": bad}, metadata__purchase__items=field)
    assert parsed({}, metadata__purchase__items=field).items is None
    assert parsed({"cart": []}, metadata__purchase__items=field).items == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"user_id": None}, "user_id is required and missing"),
        ({"metadata__location": None}, "metadata.location is required and missing"),
        ({"colour": '"c"'}, "colour is no field of ours: use event_id, user_id"),
        ({"metadata__colour": '"c"'}, "metadata.colour is no field of ours"),
        ({"user_id": '"a..b"'}, "bad path 'a..b'"),
        ({"user_id": '".a"'}, "bad path '.a'"),
        ({"user_id": '"a."'}, "bad path 'a.'"),
        ({"user_id": '""'}, "bad path ''"),
        ({"user_id": r"'a\'"}, "bad path"),
        ({"user_id": '"a[0].b"'}, "only metadata.purchase.items reads a list"),
        ({"user_id": "7"}, "neither a path nor a table"),
        ({"user_id": "{ path = 7 }"}, "a path that is no string"),
        ({"user_id": "{}"}, "needs path or constant"),
        ({"user_id": '{ path = "a", constant = 7 }'}, "only one of them"),
        ({"user_id": '{ constant = "7" }'}, "needs an integer as constant, not '7'"),
        ({"user_id": '{ path = "a", default = true }'}, "needs an integer as default"),
        ({"user_id": '{ path = "a", format = "iso" }'}, "user_id takes no format"),
        ({"action": '{ path = "a", values = "x" }'}, "needs a table of values"),
        ({"action": '{ path = "a", values = { x = 1 } }'}, "needs a text as values.x"),
        ({"action": '{ constant = "a", default = "b" }'}, "nothing beside a constant"),
        ({"event_id": '{ constant = "a" }'}, "event_id takes no constant"),
        ({"event_id": '{ paths = ["a", "b"] }'}, "several paths only with format = 'uuid5'"),
        ({"event_id": '{ paths = [], format = "uuid5" }'}, "needs a list of paths"),
        ({"event_id": '{ path = "a", format = "uuid4" }'}, "unknown format 'uuid4'"),
        ({"timestamp": '{ path = "a", format = "rfc" }'}, "unknown format 'rfc': use iso, epoch_s"),
        ({"timestamp": '{ path = "a", format = 7 }'}, "a format that is no string"),
        ({"timestamp": '{ path = "a", format = "%H:%M" }'}, "reads no date: '%H:%M'"),
        ({"timestamp": '{ path = "a", format = "%Q %Y" }'}, "reads no date"),
        ({"timestamp": '{ path = "a", zone = "Berlin" }'}, "unknown zone 'Berlin'"),
        ({"timestamp": '{ path = "a", zone = "../x" }'}, "unknown zone"),
        ({"timestamp": '{ path = "a", format = "epoch_s", zone = "UTC" }'}, "takes no zone"),
        ({"metadata__purchase__items": '"cart[]"'}, "needs fields: where sku, quantity"),
        (
            {"metadata__purchase__items": '{ path = "cart", fields = { sku = "s" } }'},
            "needs the path of a list",
        ),
        (
            {"metadata__purchase__items": '{ path = "cart[]", fields = { color = "s" } }'},
            "metadata.purchase.items[].color is no field of ours: use sku, quantity, unit_price",
        ),
    ],
)
def test_mistakes_are_named(fields: dict[str, str | None], words: str) -> None:
    with pytest.raises(mapping.MappingError) as error:
        mapping.parse(toml(**fields))
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("source = ", "it is no TOML"),
        ("[fields]", "source is missing"),
        ('source = "shop"', "the table [fields] is missing"),
        (toml("Shop"), "names no folder"),
        (toml("7shop"), "names no folder"),
        (toml("a/b"), "names no folder"),
        (toml("logs"), "is taken"),
        (toml("users"), "is taken"),
        ("colour = 1\n" + toml(), "unknown key colour"),
    ],
)
def test_files_that_are_none(text: str, words: str) -> None:
    with pytest.raises(mapping.MappingError) as error:
        mapping.parse(text)
    assert words in str(error.value)


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(mapping.MappingError) as error:
        mapping.parse(toml(user_id=None, action='"a..b"', colour='"c"'))
    assert len(error.value.problems) == 3


# Documents are large for hypothesis, and the machine may be busy.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Every option at once; theirs and our names overlap on purpose.
EVERYTHING = mapping.parse(
    r"""
source = "shop"
[fields]
event_id = { paths = ["id", "metadata.x"], format = "uuid5" }
user_id = "a.user_id"
action = { path = "metadata.action", values = { x = "view" }, default = "view" }
timestamp = { path = "timestamp", format = "epoch_ms" }
metadata.device = { path = 'a\.b', default = "desktop" }
metadata.location = { constant = "EU" }
metadata.page = "metadata.purchase.items"
metadata.purchase.total = "a.total"
metadata.purchase.items = { path = "items[]", fields = { sku = "id", quantity = "a.x" } }
"""
)
KEYS = "id a a.b x user_id metadata action timestamp device page purchase items total sku unmapped"
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(),
    st.text('a1."\\ é\0\ud800', max_size=4),
)
JSON = st.recursive(
    SCALARS,
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS.split()) | st.text("ab. ", max_size=2), below, max_size=6
        )
    ),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(st.sampled_from(KEYS.split()), JSON, max_size=8)


def leaves(value: Any, path: tuple = ()) -> Iterator[tuple[tuple, Any]]:
    """(path, value) of every scalar and every empty object or list."""
    if type(value) not in (dict, list) or not value:
        yield path, value
        return
    for key, below in value.items() if type(value) is dict else enumerate(value):
        yield from leaves(below, (*path, key))


def at(value: Any, path: tuple) -> Any:
    for key in path:
        value = value[key]
    return value


UNMAPPED = ("unmapped", "unmapped_", "unmapped__")
TAKEN = [path for field in EVERYTHING.fields.values() for path in field.takes if path != ("items",)]


@PATIENT
@given(DOCUMENTS)
def test_nothing_is_lost_and_nothing_raises(document: dict[str, Any]) -> None:
    before = copy.deepcopy(document)
    mapped = EVERYTHING.apply(document)
    assert repr(document) == repr(before)
    for path, leaf in leaves(document):
        if not path or any(path[: len(taken)] == taken for taken in TAKEN):
            continue
        places = [path, *((name, *path) for name in UNMAPPED)]
        if path[0] == "items":
            if path == ("items",) and leaf in (None, ""):
                continue  # there was nothing to take
            inside = ("metadata", "purchase", *path)
            if path[2:3] == ("id",) or path[2:4] == ("a", "x"):
                continue  # taken into the item
            places = [inside, *((*inside[:4], name, *inside[4:]) for name in UNMAPPED)]
        found = []
        for place in places:
            try:
                found.append(at(mapped, place))
            except (KeyError, IndexError, TypeError):
                continue
        assert any(repr(value) == repr(leaf) for value in found), (path, leaf, mapped)


@PATIENT
@given(DOCUMENTS)
def test_a_mapping_travels(document: dict[str, Any]) -> None:
    copied = pickle.loads(pickle.dumps(EVERYTHING))
    assert repr(copied.apply(document)) == repr(EVERYTHING.apply(document))


@PATIENT
@given(DOCUMENTS)
def test_a_mapped_document_is_an_event_or_has_a_reason(document: dict[str, Any]) -> None:
    line = json.dumps(document, default=lambda number: 1.5).encode()
    try:
        event = parse_event(line, EVERYTHING)
    except Rejected as rejected:
        assert rejected.reason in {"malformed_json", "missing_field", "bad_type", "bad_timestamp"}
    else:
        assert event.location == "EU"


OPTIONS = ["path", "paths", "constant", "default", "values", "format", "zone", "fields"]
TOML_VALUES = st.one_of(
    st.sampled_from(['"a"', '"a.b"', '"c[]"', "1", "true", "[]", '["a"]', "{}", '"epoch_s"']),
    st.dictionaries(
        st.sampled_from(OPTIONS),
        st.sampled_from(['"a"', "1", "[]", '["a", 1]', "{}", '{ sku = "a" }', '"uuid5"', "1.5"]),
    ).map(lambda table: "{ " + ", ".join(f"{k} = {v}" for k, v in table.items()) + " }"),
)


@PATIENT
@given(st.dictionaries(st.sampled_from([*REQUIRED, "metadata.purchase.items"]), TOML_VALUES))
def test_a_mapping_file_is_read_or_refused_in_words(fields: dict[str, str]) -> None:
    text = toml(**{name.replace(".", "__"): value for name, value in fields.items()})
    try:
        mapping.parse(text)
    except mapping.MappingError as error:
        assert error.problems
