"""Active users of a day, week and month, counted user by user."""

from collections.abc import Iterable
from datetime import date
from typing import Any

UserDay = tuple[int, date]


def active_users_daily(user_days: Iterable[UserDay]) -> list[dict[str, Any]]:
    """A row for each day on which anyone was active, in order."""
    active_on: dict[date, set[int]] = {}
    for user, day in user_days:
        active_on.setdefault(day, set()).add(user)

    def within(days: int, end: date) -> list[set[int]]:
        return [users for day, users in active_on.items() if 0 <= (end - day).days < days]

    rows = []
    for day in sorted(active_on):
        month = within(28, day)
        monthly = set().union(*month)
        rows.append(
            {
                "daily_active_users": len(active_on[day]),
                "weekly_active_users": len(set().union(*within(7, day))),
                "monthly_active_users": len(monthly),
                "stickiness": len(active_on[day]) / len(monthly),
                "mean_active_days": sum(map(len, month)) / len(monthly),
                "activity_date": day,
            }
        )
    return rows
