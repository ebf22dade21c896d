"""The lifecycle of users, lived day by day."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

UserDay = tuple[int, date]


def user_lifecycle_daily(
    user_days: Iterable[UserDay], newest: date, dormant_after_days: int = 28
) -> list[dict[str, Any]]:
    """A row for each day and status that occurred, in order of day and status.

    Nothing is known of the days after `newest`.
    """
    user_days = {(user, day) for user, day in user_days if day <= newest}
    if not user_days:
        return []
    days = [day for _, day in user_days]
    counts: Counter[tuple[date, str]] = Counter()
    for user in {user for user, _ in user_days}:
        silent_days: int | None = None  # none before the first activity
        for offset in range((newest - min(days)).days + 1):
            day = min(days) + timedelta(days=offset)
            if (user, day) in user_days:
                if silent_days is None:
                    status = "new"
                elif silent_days >= dormant_after_days:
                    status = "resurrected"
                else:
                    status = "returning"
                counts[day, status] += 1
                silent_days = 0
            elif silent_days is not None:
                silent_days += 1
                if silent_days == dormant_after_days:
                    counts[day, "dormant"] += 1
    return [
        {"lifecycle_status": status, "user_count": count, "activity_date": day}
        for (day, status), count in sorted(counts.items())
    ]
