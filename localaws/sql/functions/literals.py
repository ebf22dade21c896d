"""Arguments that must be constants, because the engine needs them while it compiles."""

from localaws.sql.functions.registry import BadArgument
from localaws.sql.scope import Typed


def constant_text(value: Typed, what: str) -> str:
    """The text of a string literal. Raises BadArgument, naming `what`, for anything else."""
    sql = value.sql
    if len(sql) < 2 or sql[0] != "'" or sql[-1] != "'" or "'" in sql[1:-1].replace("''", ""):
        raise BadArgument(f"{what} must be a constant to be supported locally")
    return sql[1:-1].replace("''", "'")
