"""What a finished statement leaves behind."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from localaws.sql.types import VARCHAR, Type


@dataclass
class Outcome:
    """`rows` are text, None for NULL; `columns` is empty for statements without a result;
    `written` are the objects (s3://...) that the statement added to a Hive table's folder, None
    where it leaves no manifest of them.
    """

    statement_type: str
    substatement_type: str
    columns: list[tuple[str, Type]] = field(default_factory=list)
    rows: Iterable[tuple[str | None, ...]] = ()
    update_count: int | None = None
    scanned: int = 0
    written: list[str] | None = None

    @property
    def is_query(self) -> bool:
        """Queries leave a CSV file with a header, everything else a text file."""
        return self.substatement_type == "SELECT"


def listing(statement: str, column: str, values: Iterable[str]) -> Outcome:
    """A utility statement that answers with one column of text."""
    rows: Iterator[tuple[str | None, ...]] = ((value,) for value in values)
    return Outcome("UTILITY", statement, [(column, VARCHAR)], rows)
