"""Weekly retention, looked up user by user and day by day."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

UserDay = tuple[int, date]


def retention_cohorts(
    user_days: Iterable[UserDay], newest: date, calendar_from: date
) -> list[dict[str, Any]]:
    """A row for each cohort and week since, in this order.

    Days before the calendar begins, or after `newest`, are as if they were not there.
    """
    days_of: dict[int, set[date]] = {}
    for user, day in user_days:
        if calendar_from <= day <= newest:
            days_of.setdefault(user, set()).add(day)

    cohorts: dict[date, list[set[date]]] = {}
    for days in days_of.values():
        first = min(days)
        cohorts.setdefault(first - timedelta(days=first.weekday()), []).append(days)

    rows = []
    for cohort_week, users in sorted(cohorts.items()):
        monday = cohort_week
        while monday <= newest:
            week = {monday + timedelta(days=offset) for offset in range(7)}
            retained = sum(not week.isdisjoint(days) for days in users)
            rows.append(
                {
                    "week_number": (monday - cohort_week).days // 7,
                    "cohort_size": len(users),
                    "retained_users": retained,
                    "retention_rate": retained / len(users),
                    "is_complete": max(week) <= newest,
                    "cohort_week": cohort_week,
                }
            )
            monday += timedelta(days=7)
    return rows
