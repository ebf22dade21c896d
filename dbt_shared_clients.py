"""Halves the processor time of a dbt build: its connections share their boto3 clients.

dbt-athena opens a boto3 session for every node, and each makes its clients anew, from megabytes of
JSON and over connections of their own. Threads may share clients, not sessions (boto3's guide on
clients). dbt imports all modules called dbt_* when it starts, its way to be extended; that is why
this one stands here, under this name. Without it all works, slower.
"""

import os
from functools import wraps
from threading import Lock
from typing import Any

from boto3.session import Session
from botocore.config import Config
from botocore.credentials import RefreshableCredentials

# A connection for each of dbt's threads; with too few urllib3 warns on stderr.
ROOM = Config(max_pool_connections=100)

_create = Session.client
_clients: dict[Any, Any] = {}
_lock = Lock()


@wraps(_create)
def _client(session: Session, *service: Any, **options: Any) -> Any:
    """A client of dbt-athena's is made once; all others as boto3 makes them."""
    agent = getattr(options.get("config"), "user_agent_extra", None) or ""
    if not agent.startswith("dbt-athena/"):
        return _create(session, *service, **options)
    made_of = (
        service,
        frozenset(options.items()),
        session.region_name,
        session.profile_name,
        _keys(session),
        _environment(),
    )
    with _lock:
        if made_of not in _clients:
            options["config"] = options["config"].merge(ROOM)
            _clients[made_of] = _create(session, *service, **options)
        return _clients[made_of]


def _keys(session: Session) -> tuple[str | None, ...]:
    """The keys the session was given; none if its client renews them itself."""
    found = session.get_credentials()
    if found is None or isinstance(found, RefreshableCredentials):
        return ()
    return found.access_key, found.secret_key, found.token


def _environment() -> frozenset[tuple[str, str]]:
    return frozenset(each for each in os.environ.items() if each[0].startswith("AWS_"))


Session.client = _client
