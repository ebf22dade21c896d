"""`--additional-python-modules`: Glue installs them before a run; here they must be there."""

import importlib.metadata
import re

# What can be compared with what is installed: a name, perhaps an exact version.
_REQUIREMENT = re.compile(r"(\w[\w.-]*)(?:\s*==\s*(\w[\w.!+-]*))?", re.ASCII)


def missing(modules: str) -> list[str]:
    """What of a comma list of requirements is not installed where jobs run, each with the reason.

    Versions are compared as they are written. A wheel's URL, a range of versions or an extra
    cannot be compared and counts as missing.
    Source of the list's form: Glue developer guide, "Using Python libraries with AWS Glue".
    """
    requirements = [each.strip() for each in modules.split(",") if each.strip()]
    return [problem for each in requirements if (problem := _problem(each))]


def _problem(requirement: str) -> str | None:
    parts = _REQUIREMENT.fullmatch(requirement)
    if parts is None:
        return f"{requirement} (neither a name nor name==version)"
    name, wanted = parts.groups()
    try:
        installed = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return f"{requirement} (not installed)"
    if wanted not in (None, installed):
        return f"{requirement} ({installed} is installed)"
    return None
