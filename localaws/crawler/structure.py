"""What the engine finds in JSON documents: the structure that holds them all."""

from localaws.engine import Session

# Arrays and maps in one another: with each level the engine takes twice as long to plan.
MAX_LISTS = 10


def structure_of(documents: str, session: Session) -> tuple[str | None, int]:
    """What the engine finds in all documents of a relation (document), as JSON, and how many they
    are. One document of each structure stands for all: the engine's own aggregate holds every
    text that it is given."""
    ((structure, count),) = session.rows(
        "SELECT json_group_structure(document::JSON), coalesce(sum(documents), 0)::BIGINT FROM "
        "(SELECT any_value(document::VARCHAR) AS document, count(*) AS documents "
        f"FROM {documents} WHERE document IS NOT NULL GROUP BY json_structure(document)::VARCHAR)"
    )
    return structure, count
