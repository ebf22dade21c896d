"""Arguments of a job."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

# What Glue adds to every result. Source: Glue developer guide, "Accessing parameters".
_OWN = (
    "job-bookmark-option",
    "job-bookmark-from",
    "job-bookmark-to",
    "JOB_ID",
    "JOB_RUN_ID",
    "SECURITY_CONFIGURATION",
    "encryption-type",
    "enable-data-lineage",
    "RedshiftTempDir",
    "TempDir",
)


class GlueArgumentError(Exception):
    pass


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GlueArgumentError(message)


def getResolvedOptions(args: Sequence[str], options: Sequence[str]) -> dict[str, Any]:
    """The values of `options` in the command line `args`; dashes in names are underscores.

    Raises GlueArgumentError for an option that is missing.
    """
    parser = _Parser(prog=args[0] if args else sys.argv[0], allow_abbrev=False)
    for name in dict.fromkeys(options):
        parser.add_argument(f"--{name}", required=True)
    for name in _OWN:
        if name not in options:
            parser.add_argument(f"--{name}")
    return vars(parser.parse_known_args(list(args[1:]))[0])
