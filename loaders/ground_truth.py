"""What a generated data set holds, counted while it was drawn: `<out>/ground_truth.json`.

All counts are exact. Of two lines with one event_id the first by (ingest date, path, line) is the
event, the other the duplicate. Dates are those of the timestamps as written, UTC, also where the
sender's clock is wrong. Keys:

- `parameters`;
- `documents` (lines of logs that are not blank), `unique_events`, `duplicates`, `malformed`,
  `late` (events dated before their ingest date);
- `malformed_by_reason` {quarantine reason: lines} and `malformed_by_kind` {breakage: lines};
- `by_ingest_date` {date: {lines, duplicates, malformed, late}};
- `by_location_action` [{location, action, events, users}] and `by_day_location_action`
  [{event_date, location, action, events, users}] over events, logout included; `users` are
  different ones, as in
- `active_users` [{event_date, users, users_without_logouts}], the latter with anything else than a
  logout;
- `by_arrival` [{ingest_date, event_date, action, events, duplicates}];
- `purchases_by_day_location` [{event_date, location, currency, purchases, purchase_items,
  revenue_cents}], where there are any;
- `purchases`, `purchase_items`, `revenue_cents` {currency: sum of purchase totals} of events;
- `sessions`: visits that the events were drawn from;
- `conversions` {field: lines that are no malformed ones, duplicates included};
- `files` {path under <out>: {bytes, lines, events {action: n}, duplicates, malformed {reason: n},
  conversions {field: lines}}} of logs; zeros are left out of the inner ones;
- `users`: `profiles` (users), `documents`, `changes` (documents after a user's first),
  `by_ingest_date` {date: {new, changed}}, `last_plan` {plan: users} and `last_country`
  {country: users} when all days have landed, `files` {path: {bytes, lines}}.
"""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from loaders.breakages import ALL, REASONS
from loaders.vocabulary import ACTIONS, CURRENCIES, LOCATIONS, LOGOUT, PURCHASE

FILE = "ground_truth.json"

# By sql/lines.sql's `conversion`: the fields that such a client sends in another type, and the
# only action that has them.
CONVERSIONS: dict[int | None, dict[str, int | None]] = {
    None: {},
    0: {"user_id": None},
    1: {
        "metadata.purchase.total": PURCHASE,
        "metadata.purchase.items.unit_price": PURCHASE,
    },
    2: {"metadata.app_version": None},
}
# `role` of sql/lines.sql.
DUPLICATE, MALFORMED = 1, 2
# What is asked of each file's lines.
COUNTS = {
    "logs": """
        select
            role, breakage, location, action, event_date, conversion, count(*),
            sum(getvariable('basket_size')[basket]), sum(getvariable('basket_cents')[basket])
        from (
            select
                role,
                breakage,
                -- of a broken line only the breakage counts
                case when role < 2 then location end as location,
                case when role < 2 then action end as action,
                case when role < 2 then event_at::date end as event_date,
                case when role < 2 then conversion end as conversion,
                case when role = 0 and action = 2 then basket_of(i) end as basket,
            from arrivals
        )
        group by all
    """,
    "users": "select is_new, is_last, country, plan, count(*) from profiles group by all",
}

# Who did what, over all files: which users are different ones no file tells alone.
CREATE_ACTIVE = """
    create table active (event_date date, location tinyint, action tinyint, user_id bigint)
"""
COLLECT_ACTIVE = """
    insert into active
    select distinct event_at::date, location, action, user_id
    from arrivals
    where role = 0
"""
COUNT_USERS = """
    with active as (
        select distinct * from active
    )

    select location, action, event_date, count(*) as users
    from active
    group by all

    union all

    select location, action, null, count(*)
    from (select distinct location, action, user_id from active)
    group by all
"""
COUNT_ACTIVE = f"""
    select event_date, count(*), count_if(is_more_than_logout)
    from (
        select event_date, user_id, bool_or(action <> {LOGOUT}) as is_more_than_logout
        from active
        group by all
    )
    group by all
    order by all
"""

Truth = dict[str, Any]


class Tally:
    """Adds up the counts of the files as they are written."""

    def __init__(self, start: date, days: int) -> None:
        self.dates = [(start + timedelta(days=day)).isoformat() for day in range(days)]
        self.by_date = {
            day: Counter(lines=0, duplicates=0, malformed=0, late=0) for day in self.dates
        }
        self.kinds = Counter[str]()
        self.cells = Counter[tuple[str, str, str]]()
        self.arrivals: dict[tuple[str, str, str], Counter[str]] = defaultdict(_arrived_none)
        self.bought: dict[tuple[str, str, str], Counter[str]] = defaultdict(_bought_nothing)
        self.users: dict[tuple[str | None, str, str], int] = {}
        self.active: list[tuple[str, int, int]] = []
        self.files: dict[str, dict[str, Any]] = {}
        self.profiles = {day: Counter(new=0, changed=0) for day in self.dates}
        self.last_plan, self.last_country = Counter[str](), Counter[str]()
        self.user_files: dict[str, dict[str, int]] = {}

    def add_logs(self, path: str, size: int, day: int, groups: Iterable[tuple]) -> None:
        """`groups`: what COUNTS["logs"] answers."""
        counts = self.by_date[self.dates[day]]
        events, reasons, conversions = Counter[str](), Counter[str](), Counter[str]()
        lines = duplicates = 0
        for role, breakage, location, action, event_date, conversion, n, items, cents in groups:
            lines += n
            if role == MALFORMED:
                reasons[ALL[breakage - 1].reason] += n
                self.kinds[ALL[breakage - 1].name] += n
                continue
            for field, only_action in CONVERSIONS[conversion].items():
                if only_action in (None, action):
                    conversions[field] += n
            happened = event_date.isoformat()
            arrivals = self.arrivals[self.dates[day], happened, ACTIONS[action]]
            if role == DUPLICATE:
                duplicates += n
                arrivals["duplicates"] += n
                continue
            arrivals["events"] += n
            events[ACTIONS[action]] += n
            self.cells[happened, LOCATIONS[location], ACTIONS[action]] += n
            counts["late"] += n if happened < self.dates[day] else 0
            if action == PURCHASE:
                self.bought[happened, LOCATIONS[location], CURRENCIES[location]].update(
                    purchases=n, purchase_items=items, revenue_cents=cents
                )
        counts.update(lines=lines, duplicates=duplicates, malformed=reasons.total())
        self.files[path] = {
            "bytes": size,
            "lines": lines,
            "events": dict(sorted(events.items())),
            "duplicates": duplicates,
            "malformed": dict(sorted(reasons.items())),
            "conversions": dict(sorted(conversions.items())),
        }

    def add_users(self, path: str, size: int, day: int, groups: Iterable[tuple]) -> None:
        """`groups`: what COUNTS["users"] answers."""
        lines = 0
        for is_new, is_last, country, plan, n in groups:
            lines += n
            self.profiles[self.dates[day]]["new" if is_new else "changed"] += n
            if is_last:
                self.last_plan[plan] += n
                self.last_country[country] += n
        self.user_files[path] = {"bytes": size, "lines": lines}

    def add_different_users(self, groups: Iterable[tuple], days: Iterable[tuple]) -> None:
        """What COUNT_USERS and COUNT_ACTIVE answer."""
        for location, action, event_date, users in groups:
            day = event_date and event_date.isoformat()
            self.users[day, LOCATIONS[location], ACTIONS[action]] = users
        self.active = [(event_date.isoformat(), *users) for event_date, *users in days]

    def truth(self, parameters: dict[str, Any], sessions: int) -> Truth:
        """The finished ground truth, in one fixed order."""
        total = sum(self.by_date.values(), Counter())
        bought = sum(self.bought.values(), Counter())
        revenue = Counter(dict.fromkeys(CURRENCIES, 0))
        for (_, _, currency), sums in self.bought.items():
            revenue[currency] += sums["revenue_cents"]
        by_location_action = Counter[tuple[str, str]]()
        for (_, location, action), events in self.cells.items():
            by_location_action[location, action] += events
        return {
            "parameters": parameters,
            "documents": total["lines"],
            "unique_events": self.cells.total(),
            "duplicates": total["duplicates"],
            "malformed": total["malformed"],
            "late": total["late"],
            "malformed_by_reason": {
                reason: sum(file["malformed"].get(reason, 0) for file in self.files.values())
                for reason in REASONS
            },
            "malformed_by_kind": dict(sorted(self.kinds.items())),
            "by_ingest_date": {day: dict(counts) for day, counts in self.by_date.items()},
            "by_location_action": [
                {
                    "location": location,
                    "action": action,
                    "events": events,
                    "users": self.users[None, location, action],
                }
                for (location, action), events in sorted(by_location_action.items())
            ],
            "by_day_location_action": [
                {
                    "event_date": day,
                    "location": location,
                    "action": action,
                    "events": events,
                    "users": self.users[day, location, action],
                }
                for (day, location, action), events in sorted(self.cells.items())
            ],
            "active_users": [
                {"event_date": day, "users": users, "users_without_logouts": others}
                for day, users, others in self.active
            ],
            "by_arrival": [
                {"ingest_date": ingested, "event_date": day, "action": action, **counts}
                for (ingested, day, action), counts in sorted(self.arrivals.items())
            ],
            "purchases_by_day_location": [
                {"event_date": day, "location": location, "currency": currency, **sums}
                for (day, location, currency), sums in sorted(self.bought.items())
            ],
            "purchases": bought["purchases"],
            "purchase_items": bought["purchase_items"],
            "revenue_cents": dict(revenue),
            "sessions": sessions,
            "conversions": {
                field: sum(file["conversions"].get(field, 0) for file in self.files.values())
                for field in sorted(field for fields in CONVERSIONS.values() for field in fields)
            },
            "files": dict(sorted(self.files.items())),
            "users": {
                "profiles": sum(counts["new"] for counts in self.profiles.values()),
                "documents": sum(counts.total() for counts in self.profiles.values()),
                "changes": sum(counts["changed"] for counts in self.profiles.values()),
                "by_ingest_date": {day: dict(counts) for day, counts in self.profiles.items()},
                "last_plan": dict(sorted(self.last_plan.items())),
                "last_country": dict(sorted(self.last_country.items())),
                "files": dict(sorted(self.user_files.items())),
            },
        }


def _arrived_none() -> Counter[str]:
    return Counter(events=0, duplicates=0)


def _bought_nothing() -> Counter[str]:
    return Counter(purchases=0, purchase_items=0, revenue_cents=0)


def sizes(truth: Truth) -> dict[str, int]:
    """{path: bytes} of all files; empty when there is none or another revision wrote them."""
    files = {**truth.get("files", {}), **truth.get("users", {}).get("files", {})}
    return {path: file["bytes"] for path, file in files.items() if isinstance(file, dict)}


def write(truth: Truth, folder: Path) -> None:
    """Appears whole or not at all."""
    partial = folder / f".{FILE}.partial"
    with partial.open("w", encoding="utf-8") as file:
        json.dump(truth, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / FILE)


def read(path: Path) -> Truth:
    """Raises click.ClickException when the file is missing or is not a ground truth."""
    try:
        truth = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(truth, dict) and truth.keys() >= {"parameters", "by_location_action"}:
            return truth
    except FileNotFoundError:
        raise click.ClickException(f"{path} is missing: `uap generate` writes it") from None
    except ValueError:
        pass
    raise click.ClickException(f"{path} is not a ground truth written by `uap generate`")


def events_by_location_action(
    truth: Truth, dropped_actions: Collection[str]
) -> dict[tuple[str, str], int]:
    """{(location, action): events} of what the flatten job keeps."""
    return {
        (row["location"], row["action"]): row["events"]
        for row in truth["by_location_action"]
        if row["action"] not in dropped_actions
    }
