"""Results of earlier executions that may answer a query again.

Source: user guide, "Reuse query results in Athena": the latest result of the same query, in the
same workgroup, with the same database and result configuration, not older than asked for, whose
object still lies there. It does not matter whether the tables have changed since; what a query
draws anew each time it runs is never reused, nor is a LIMIT without ORDER BY.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from localaws.objects import NoSuchBucket, NoSuchKey, ObjectStore

DEFAULT_MINUTES = 60
_SAME = ("Query", "WorkGroup", "QueryExecutionContext", "ExecutionParameters", "_requested")
_DRAWN = re.compile(
    r"\b(rand|random|shuffle|uuid|now|current_\w+|localtime\w*|tablesample)\b", re.IGNORECASE
)
_CUT = re.compile(r"\b(limit|fetch|offset)\b", re.IGNORECASE)
_ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)


def reusable(
    execution: dict[str, Any], history: Iterable[dict[str, Any]], store: ObjectStore
) -> dict[str, Any] | None:
    """The latest of `history` whose result answers `execution`."""
    asked = execution["ResultReuseConfiguration"]["ResultReuseByAgeConfiguration"]
    if not asked["Enabled"] or not _repeatable(execution["Query"]):
        return None
    oldest = datetime.now(UTC) - timedelta(minutes=asked.get("MaxAgeInMinutes", DEFAULT_MINUTES))
    candidates = [
        each
        for each in history
        if each["Status"]["State"] == "SUCCEEDED"
        and each.get("SubstatementType") == "SELECT"
        and each["Status"]["CompletionDateTime"] >= oldest
        and all(each.get(key) == execution.get(key) for key in _SAME)
        and not each["Statistics"].get("ResultReuseInformation", {}).get("ReusedPreviousResult")
        and _lies_there(each["ResultConfiguration"].get("OutputLocation"), store)
    ]
    return max(candidates, key=lambda each: each["Status"]["CompletionDateTime"], default=None)


def _repeatable(sql: str) -> bool:
    return not _DRAWN.search(sql) and (not _CUT.search(sql) or bool(_ORDERED.search(sql)))


def _lies_there(location: str | None, store: ObjectStore) -> bool:
    """`location`: None where Athena keeps the result itself."""
    if location is None:
        return True
    bucket, _, key = location.removeprefix("s3://").partition("/")
    try:
        store.get(bucket, key)
    except (NoSuchBucket, NoSuchKey):
        return False
    return True
