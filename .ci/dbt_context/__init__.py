"""What sqlfluff gives to the project's SQL in place of dbt, so that linting needs no connection.

Names of this module are names in the SQL. A model is linted as a full build has it: the macros of
macros/ are the real ones, and none of them asks the lake anything when nothing is executed.
"""

from pathlib import Path
from typing import Any

import yaml

_PROJECT = yaml.safe_load((Path(__file__).resolve().parents[2] / "dbt_project.yml").read_text())

execute = False


def is_incremental() -> bool:
    return False


def var(name: str, default: Any = None) -> Any:
    return _PROJECT["vars"].get(name, default)


def env_var(name: str, default: str = "") -> str:
    return default
