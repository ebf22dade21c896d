"""docs/analysts.md, performed: each of its examples on a fresh checkout and a lake of its own.

An HTML comment above a fenced block says what a reader does with it:

- `write PATH`, `add to PATH`: the block is the file, or its new last lines;
- `change PATH`: the block is a diff without line numbers. Where its old lines stand, once, the
  new ones are put; a line `...` separates places;
- `run`: commands that succeed; `run, and it fails`: commands of which the last one fails;
- `prints`: lines that the commands before printed, in this order, however they are indented;
- `ask`: a query. The table after it, under `answer`, is what Athena answers;
- `not run`: what cannot be done in a test. Of the data set that the first makes, `months` is.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.pipeline.conftest import COMMANDS, MONTHS

if TYPE_CHECKING:
    from tests.pipeline.conftest import Project

pytestmark = pytest.mark.slow

GUIDE = Path(__file__).parents[2] / "docs" / "analysts.md"
TEXT = GUIDE.read_text()

STEP = re.compile(
    r"^<!-- (?P<verb>[a-z, ]+?)(?: (?P<path>\S+))? -->\n"
    r"(?:```\w*\n(?P<block>.*?\n)```$|(?P<table>(?:\|[^\n]*\n)+))",
    re.MULTILINE | re.DOTALL,
)
PATHS = ("write", "add to", "change")


class Step(NamedTuple):
    verb: str
    path: str | None
    block: str


def steps(section: str) -> Iterator[Step]:
    for found in STEP.finditer(section):
        verb, path = found["verb"], found["path"]
        if path and verb not in PATHS:
            verb, path = f"{verb} {path}", None
        yield Step(verb, path, found["block"] or found["table"])


# Title of each section with something to do in it.
EXAMPLES = {
    section.partition("\n")[0]: section
    for section in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
    if any(step.verb != "not run" for step in steps(section))
}


def changed(text: str, diff: str) -> str:
    """The text with a diff applied, whose old lines must stand in it once."""
    for place in re.split(r"^\.\.\.\n", diff, flags=re.MULTILINE):
        lines = place.splitlines(keepends=True)
        assert {line[:1] for line in lines} <= {" ", "+", "-", "\n"}, place
        old, new = (
            "".join(line[1:] or "\n" for line in lines if line[:1] != other) for other in "+-"
        )
        assert text.count(f"\n{old}") == 1, f"not there once:\n{old}"
        text = text.replace(f"\n{old}", f"\n{new}")
    return text


def answer(rows: list[tuple[object, ...]], columns: list[str]) -> str:
    """A Markdown table."""
    cells = [columns, ["---"] * len(columns), *([str(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def same_table(table: str) -> list[list[str]]:
    """Its cells; the line below the header says nothing."""
    lines = [line.strip("|").split("|") for line in table.splitlines()]
    return [[cell.strip() for cell in line] for n, line in enumerate(lines) if n != 1]


class Reader:
    """Somebody at a shell in a checkout, doing what the guide says."""

    def __init__(self, project: Project, commands: Path) -> None:
        self.project, self.commands = project, commands
        self.printed = self.answered = ""
        commands.mkdir()
        for name, words in COMMANDS.items():
            script = commands / name
            script.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
            script.chmod(0o755)

    def do(self, step: Step) -> None:
        match step.verb:
            case "write":
                self.file(step).write_text(step.block)
            case "add to":
                file = self.file(step)
                file.write_text(file.read_text() + step.block)
            case "change":
                file = self.file(step)
                file.write_text(changed(file.read_text(), step.block))
            case "run":
                assert self.run(step.block) == 0, self.printed
            case "run, and it fails":
                assert self.run(step.block) != 0, self.printed
            case "prints":
                rest = " ".join(self.printed.split())
                for line in step.block.splitlines():
                    _, found, rest = rest.partition(" ".join(line.split()))
                    assert found or not line, f"{line!r} is not in\n{self.printed}"
            case "ask":
                cursor = self.project.cursor().execute(step.block)
                columns = [column[0] for column in cursor.description]
                self.answered = answer(cursor.fetchall(), columns)
            case "answer":
                assert same_table(self.answered) == same_table(step.block), self.answered
            case "not run":
                pass
            case _:
                pytest.fail(f"docs/analysts.md has a step {step.verb!r}")

    def file(self, step: Step) -> Path:
        assert step.path
        file = self.project.folder / step.path
        assert file.exists() == (step.verb != "write")
        return file

    def run(self, lines: str) -> int:
        path = f"{self.commands}:{Path(sys.executable).parent}:/usr/bin:/bin"
        done = subprocess.run(
            ["sh", "-e", "-c", lines],
            cwd=self.project.folder,
            env={**self.project.environment, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.printed = done.stdout
        return done.returncode


@pytest.mark.parametrize("title", EXAMPLES)
def test_an_example_does_what_it_says(title: str, months_copy: Project, tmp_path: Path) -> None:
    reader = Reader(months_copy, tmp_path / "bin")
    for step in steps(EXAMPLES[title]):
        reader.do(step)


def test_every_block_is_performed() -> None:
    fences = len(re.findall(r"^```", TEXT, re.MULTILINE)) // 2
    blocks = [found for found in STEP.finditer(TEXT) if found["block"]]
    assert len(blocks) == fences


def test_the_examples_start_from_the_data_set_of_the_guide() -> None:
    first = next(step.block for step in steps(TEXT) if step.verb == "not run")
    assert " ".join(MONTHS) in first


def test_a_change_must_fit() -> None:
    text = "\na\nb\nc\nb\n"
    assert changed(text, " a\n-b\n+d\n") == "\na\nd\nc\nb\n"
    assert changed(text, " a\n+x\n...\n c\n+y\n") == "\na\nx\nb\nc\ny\nb\n"
    for diff in (" b\n+x\n", "-d\n"):
        with pytest.raises(AssertionError, match="not there once"):
            changed(text, diff)
