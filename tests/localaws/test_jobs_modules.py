"""Which requirements of a job are met where it would run."""

import importlib.metadata

import pytest

from localaws.jobs.modules import missing

CLICK = importlib.metadata.version("click")


@pytest.mark.parametrize(
    "modules",
    ["", " , ", "click", f"click=={CLICK}", f" Click == {CLICK} ,boto3", "py4j,PYTHON_dateutil"],
)
def test_what_is_there(modules: str) -> None:
    assert missing(modules) == []


@pytest.mark.parametrize(
    ("modules", "problems"),
    [
        ("no-such-module", ["no-such-module (not installed)"]),
        ("click==0.0.1", [f"click==0.0.1 ({CLICK} is installed)"]),
        (
            "boto3,no-such-module==2,click==0.0.1",
            ["no-such-module==2 (not installed)", f"click==0.0.1 ({CLICK} is installed)"],
        ),
        ("click>=1", ["click>=1 (neither a name nor name==version)"]),
        ("moto[s3]", ["moto[s3] (neither a name nor name==version)"]),
        ("s3://b/x.whl", ["s3://b/x.whl (neither a name nor name==version)"]),
        ("click==8.*", ["click==8.* (neither a name nor name==version)"]),
    ],
)
def test_what_is_missing_and_why(modules: str, problems: list[str]) -> None:
    assert missing(modules) == problems
