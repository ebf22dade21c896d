"""What every part of the dbt project owes its readers: a description, a grain, plain SQL."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

ROOT = Path(__file__).parents[2]
MODELS = sorted((ROOT / "models").rglob("*.sql"))
MARTS = [model for model in MODELS if "marts" in model.parts]
# What is stored, and not only looked at through a view.
TABLES = [model for model in MODELS if "staging" not in model.parts]
# The name of a model tells its layer.
PREFIXES = {"staging": ("stg_",), "intermediate": ("int_",), "core": ("fct_", "dim_")}
SQL_FILES = sorted(
    file
    for folder in (
        *("models", "macros", "analyses", "snapshots"),
        *("tests/generic", "tests/singular"),
    )
    for file in (ROOT / folder).rglob("*.sql")
)

JINJA = re.compile(r"{{.*?}}|{%.*?%}", re.DOTALL)
PLAIN_JINJA = re.compile(r"{{-?\s*(ref|source|config|var|pii_salt)\(.*\).*?-?}}", re.DOTALL)
# What an incremental model needs on top, and nothing else.
INCREMENTAL_JINJA = re.compile(
    r"{%-?\s*set days = touched_days\(\)\s*-?%}|{{-?\s*(in_days|changes)\(.*\)\s*-?}}", re.DOTALL
)


def per_file(argument: str, files: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(argument, files, ids=lambda file: file.stem)


def documented(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Models, seeds and sources, as the manifest has them."""
    yield from manifest["sources"].values()
    for node in manifest["nodes"].values():
        if node["resource_type"] in ("model", "seed", "snapshot"):
            yield node


def node_of(manifest: dict[str, Any], model: Path) -> dict[str, Any]:
    return manifest["nodes"][f"model.user_activity_lake.{model.stem}"]


def data_tests(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]


def reads_every_event(manifest: dict[str, Any], test: dict[str, Any]) -> bool:
    """Whether it scans what has a row for each event, line, session or active day of a user."""
    if test.get("column_name") == "ingest_date":
        return False  # a partition key: no row is read
    nodes = {**manifest["nodes"], **manifest["sources"]}
    read = [nodes[unique_id] for unique_id in test["depends_on"]["nodes"]]
    return any(
        {"event_id", "user_id", "line_number"} & set(node["columns"])
        for node in read
        if not node["name"].startswith("dim_")
    )


def merged_by(node: dict[str, Any]) -> list[str]:
    key = node["config"]["unique_key"]
    return [key] if isinstance(key, str) else key


def parsed(sql: str) -> exp.Select:
    statement = sqlglot.parse_one(sql, dialect="athena")
    assert isinstance(statement, exp.Select)
    return statement


def source_of(select: exp.Select) -> str:
    """Name of the relation after `from`."""
    return select.args["from_"].this.name


def selected_columns(statement: exp.Select) -> list[str]:
    """Names of the columns of a query that ends in `select * from <cte>`, however often."""
    ctes = {cte.alias: cte.this for cte in statement.find_all(exp.CTE)}
    query: exp.Query = statement
    while query.is_star:
        query = ctes[source_of(query)]
        while isinstance(query, exp.SetOperation):
            query = query.left
    return query.named_selects


def test_every_column_has_a_description(manifest: dict[str, Any]) -> None:
    missing = [
        f"{node['name']}.{column['name']}"
        for node in documented(manifest)
        for column in node["columns"].values()
        if not column["description"].strip()
    ]
    assert missing == []


def test_no_description_is_cut_in_the_catalog(manifest: dict[str, Any]) -> None:
    """Glue has room for so many characters."""
    for node in documented(manifest):
        assert len(node["description"]) <= 2048, node["name"]
        for column in node["columns"].values():
            assert len(column["description"]) <= 255, (node["name"], column["name"])


def test_every_relation_and_macro_has_a_description(manifest: dict[str, Any]) -> None:
    macros = [m for m in manifest["macros"].values() if m["package_name"] == "user_activity_lake"]
    named = [*documented(manifest), *(m for m in macros if not m["name"].startswith("test_"))]
    assert [node["name"] for node in named if not node["description"].strip()] == []


@per_file("model", MODELS)
@pytest.mark.parametrize("incremental", [False, True])
def test_documented_columns_are_the_selected_ones(
    manifest: dict[str, Any], render: Callable, model: Path, incremental: bool
) -> None:
    sql = render(model, incremental)
    assert list(node_of(manifest, model)["columns"]) == selected_columns(parsed(sql))


@per_file("model", TABLES)
def test_table_has_an_enforced_contract(manifest: dict[str, Any], model: Path) -> None:
    node = node_of(manifest, model)
    assert node["contract"]["enforced"]
    assert all(column["data_type"] for column in node["columns"].values())


@per_file("model", TABLES)
def test_table_says_and_tests_its_grain(manifest: dict[str, Any], model: Path) -> None:
    node = node_of(manifest, model)
    assert "One row per " in node["description"]
    keys = [
        test["test_metadata"]["kwargs"]["columns"]
        for test in data_tests(manifest)
        if test.get("attached_node") == node["unique_id"]
        and test["test_metadata"]["name"] == "primary_key"
    ]
    # what is doubled in a model on the way is so in the marts, which test it
    assert len(keys) == 1 or (not keys and model not in MARTS)
    if keys and node["config"]["unique_key"]:
        # a merge goes by the day as well, by which an event may move
        days = {re.sub(r"^\w+\((.*)\)$", r"\1", day) for day in node["config"]["partitioned_by"]}
        assert set(keys[0]) <= set(merged_by(node)) <= {*keys[0], *days}


@per_file("model", MODELS)
def test_model_is_described_where_one_looks_for_it(manifest: dict[str, Any], model: Path) -> None:
    """A mart in a file of its own, the others of a folder together."""
    patch = ROOT / node_of(manifest, model)["patch_path"].partition("://")[2]
    folder = model.parent
    assert patch == (
        model.with_suffix(".yml") if model in MARTS else folder / f"_{folder.name}__models.yml"
    )


@per_file("model", MODELS)
def test_model_is_named_after_its_layer(model: Path) -> None:
    layers = [PREFIXES[part] for part in model.parts if part in PREFIXES]
    if layers:
        assert model.stem.startswith(layers[0])
    else:
        assert not model.stem.startswith(("stg_", "int_", "fct_", "dim_"))


@per_file("model", MODELS)
def test_model_reads_its_own_layer_and_those_below(manifest: dict[str, Any], model: Path) -> None:
    """Sources through staging; and what is stored does not come back into what it is made from."""
    layers = ["source", "staging", "intermediate", "core", "product", "quality"]
    folder = next(layers.index(part) for part in layers if part in model.parts)
    for parent in node_of(manifest, model)["depends_on"]["nodes"]:
        if parent.startswith("source."):
            assert folder == 1 or parent.split(".")[2] == "user_activity_operations"
        elif parent.startswith("model."):
            path = manifest["nodes"][parent]["path"].split("/")
            assert next(layers.index(part) for part in layers if part in path) <= folder


@per_file("model", MODELS)
def test_model_is_a_function_of_the_data(render: Callable, model: Path) -> None:
    """Not of the clock, of chance or of an estimate: whoever builds it gets the same rows."""
    for incremental in (False, True):
        for call in parsed(render(model, incremental)).find_all(exp.Func):
            name = call.name if isinstance(call, exp.Anonymous) else call.sql_name()
            assert not re.match(r"(?i)(current_|now|local|rand|uuid|approx)", name), name


def test_the_overview_names_every_mart(manifest: dict[str, Any]) -> None:
    overview = manifest["docs"]["doc.user_activity_lake.__overview__"]["block_contents"]
    named = set(re.findall(r"`(\w+)`", overview))
    assert [model.stem for model in MARTS if model.stem not in named] == []


@per_file("model", MODELS)
def test_star_only_over_columns_named_in_the_same_file(render: Callable, model: Path) -> None:
    """`select *` from a table would change the model whenever the table changes."""
    for incremental in (False, True):
        statement = parsed(render(model, incremental))
        ctes = {cte.alias for cte in statement.find_all(exp.CTE)}
        for select in statement.find_all(exp.Select):
            if select.is_star:
                assert source_of(select) in ctes


@per_file("model", MODELS)
def test_model_imports_first_and_selects_last(model: Path) -> None:
    text = model.read_text()
    assert re.search(r"^with\n\n", text, re.MULTILINE)
    assert re.search(r"\n\nselect \* from \w+\n\Z", text)
    assert len(text.splitlines()) <= 120


@per_file("model", MODELS)
def test_model_is_plain_sql(manifest: dict[str, Any], model: Path) -> None:
    """An analyst who has never seen Jinja can change it."""
    incremental = node_of(manifest, model)["config"]["materialized"] == "incremental"
    for tag in JINJA.findall(model.read_text()):
        assert PLAIN_JINJA.fullmatch(tag) or (incremental and INCREMENTAL_JINJA.fullmatch(tag))


@per_file("file", SQL_FILES)
def test_sql_is_laid_out_alike(file: Path) -> None:
    for line in file.read_text().splitlines():
        assert len(line) <= 100
        assert line == line.rstrip()
        assert "\t" not in line
        code = line.partition("--")[0]
        assert not re.search(r"\b(SELECT|FROM|WHERE|GROUP BY|JOIN|AND|OR|AS|CASE|WITH)\b", code)


def test_incremental_models_merge_within_literal_days(manifest: dict[str, Any]) -> None:
    """Left empty in the file: the merge is no SQL unless changes() has filled it."""
    models = [
        node
        for node in manifest["nodes"].values()
        if node["config"].get("materialized") == "incremental"
    ]
    assert models
    for node in models:
        config = node["config"]
        assert config["table_type"] == "iceberg"
        assert config["incremental_predicates"] == []
        assert config["on_schema_change"] == "fail"
        # a tombstone is deleted where its row is, and never put in
        (column,) = re.findall(r"^src\.(\w+) is null$", config["delete_condition"])
        assert config["insert_condition"] == f"src.{column} is not null"
        assert column in node["columns"]
        assert column not in merged_by(node)
        (day,) = re.findall(r"changes\('rebuilt', '(\w+)', days", node["raw_code"])
        assert node["columns"][day]["data_type"] == "date"
        assert config["partitioned_by"] in ([day], [f"month({day})"])
        # each of its inputs that grows is read in part
        assert "in_days(" in node["raw_code"]


def test_what_reads_every_event_can_be_left_out_of_a_daily_build(manifest: dict[str, Any]) -> None:
    tests = data_tests(manifest)
    tagged = {test["name"] for test in tests if "whole_history" in test["tags"]}
    assert tagged == {test["name"] for test in tests if reads_every_event(manifest, test)}


def test_failing_rows_are_stored_only_where_they_are_no_events(manifest: dict[str, Any]) -> None:
    """Those could hold ids and lines as received."""
    stored = [test for test in data_tests(manifest) if test["config"]["store_failures"]]
    assert stored
    assert [each["name"] for each in stored if reads_every_event(manifest, each)] == []


def test_a_lake_without_profiles_has_no_model_of_them(dbt: Callable) -> None:
    listed = dbt(
        *("ls", "--quiet", "--select", "staging.raw", "source:user_activity_raw.*"),
        *("--resource-type", "model", "--resource-type", "source"),
        *("--vars", "user_profiles: false"),
        AWS_ENDPOINT_URL="http://127.0.0.1:9",
    )
    assert listed.stdout.split() == [
        "user_activity_lake.staging.raw.stg_raw__logs",
        "source:user_activity_lake.user_activity_raw.logs",
    ]


def test_personal_data_is_marked_and_goes_no_further(manifest: dict[str, Any]) -> None:
    columns = [
        (node["name"], column["name"], column["config"]["meta"])
        for node in documented(manifest)
        for column in node["columns"].values()
    ]
    marked = {(table, name) for table, name, meta in columns if meta.get("personal_data")}
    assert marked == {("users", "name"), ("users", "email")}
    assert marked == {(table, name) for table, name, _ in columns if name in ("name", "email")}
