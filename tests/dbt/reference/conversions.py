"""Conversions, sessions and revenue as the descriptions of their marts have them."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]


def conversions(events: Iterable[Row], definitions: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows of the mart. Events are rows of fct_events, definitions those of the seed."""
    rows = []
    for event in events:
        for definition in definitions:
            if event["action"] != definition["action"]:
                continue
            if definition["page"] is not None and event["page"] != definition["page"]:
                continue
            copied = ("event_id", "session_id", "user_id", "device", "location")
            valued = definition["has_value"]
            rows.append(
                {
                    "conversion": definition["conversion"],
                    **{name: event[name] for name in copied},
                    "currency": event["currency"] if valued else None,
                    "value": event["purchase_total"] if valued else None,
                    "event_at": event["event_at"],
                    "event_date": event["event_date"],
                }
            )
    return rows


def sessions_daily(sessions: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows of the mart. Sessions are rows of fct_sessions."""
    rows = []
    for (location, device, day), those in _grouped(
        sessions, lambda s: (s["location"], s["device"] or "unknown", s["session_date"])
    ).items():
        seconds = sum(session["duration_seconds"] for session in those)
        rows.append(
            {
                "location": location,
                "device": device,
                "session_count": len(those),
                "user_count": len({session["user_id"] for session in those}),
                "bounce_count": sum(session["is_bounce"] for session in those),
                "purchase_session_count": sum(session["purchase_count"] > 0 for session in those),
                "event_count": sum(session["event_count"] for session in those),
                "total_duration_seconds": seconds,
                "mean_duration_seconds": seconds / len(those),
                "session_date": day,
            }
        )
    return rows


def revenue_daily(purchases: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows of the mart. Purchases are rows of fct_purchases."""
    return [
        {
            "location": location,
            "currency": currency,
            "purchase_count": len(those),
            "buyer_count": len({purchase["user_id"] for purchase in those}),
            "unit_count": sum(purchase["unit_count"] or 0 for purchase in those),
            "revenue": sum((p["purchase_total"] or 0 for p in those), Decimal("0.00")),
            "event_date": day,
        }
        for (location, currency, day), those in _grouped(
            purchases, lambda p: (p["location"], p["currency"] or "unknown", p["event_date"])
        ).items()
    ]


def _grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups
