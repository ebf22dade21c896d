"""URL functions. Source of the rules: Trino documentation, "URL functions"; its parser is Java's
java.net.URI (RFC 2396, other characters than ASCII allowed)."""

import re
from collections.abc import Callable
from urllib.parse import quote, unquote, unquote_plus

from localaws.engine.functions.errors import invalid

_CHARACTER = r"(?:[A-Za-z0-9_\-.!~*'();/?:@&=+$,\[\]]|%[0-9A-Fa-f]{2}|[^\x00-\x7f\s])"
_URL = re.compile(
    rf"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):)?(?P<rest>{_CHARACTER}*)"
    rf"(?:\#(?P<fragment>{_CHARACTER}*))?"
)
_HIERARCHY = re.compile(r"(?://(?P<authority>[^/?]*))?(?P<path>[^?]*)(?:\?(?P<query>.*))?")
_SERVER = re.compile(
    r"(?:[^@]*@)?(?P<host>(?:[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?\.)*"
    r"(?:[A-Za-z](?:[A-Za-z0-9\-]*[A-Za-z0-9])?\.?|(?<=\.)\d+)|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d*))?"
)


def _parts(url: str) -> dict[str, str] | None:
    """What the URL has of scheme, fragment, authority, host, port, path, query; None: it is none.

    An opaque one (`mailto:a@b`) has neither path nor query.
    """
    whole = _URL.fullmatch(url)
    if whole is None or not url:
        return None if url else {"path": ""}
    parts = {name: value for name, value in whole.groupdict().items() if value is not None}
    rest = parts.pop("rest")
    if "scheme" in parts and not rest:
        return None
    if "scheme" in parts and not rest.startswith("/"):
        return parts
    hierarchy = _HIERARCHY.fullmatch(rest).groupdict()
    # Brackets belong to an IPv6 host and to queries.
    if re.search(r"[\[\]]", hierarchy["path"]):
        return None
    parts |= {name: value for name, value in hierarchy.items() if value is not None}
    if server := _SERVER.fullmatch(parts.get("authority", "")):
        parts |= {name: value for name, value in server.groupdict().items() if value is not None}
    return parts


def _part(name: str, *, decoded: bool = False) -> Callable[[str], str | None]:
    def extract(url: str) -> str | None:
        parts = _parts(url)
        if parts is None:
            return None
        value = parts.get(name, "")
        return unquote(value) if decoded else value

    return extract


def port(url: str) -> int | None:
    text = (_parts(url) or {}).get("port")
    return int(text) if text else None


def parameter(url: str, name: str) -> str | None:
    query = (_parts(url) or {}).get("query")
    if query is None:
        return None
    for argument in query.split("&"):
        key, _, value = argument.partition("=")
        if key == name:
            return decode(value)
    return None


def encode(text: str) -> str:
    return quote(text, safe="*-_. ").replace("~", "%7E").replace(" ", "+")


def decode(text: str) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        invalid(f"URLDecoder: Illegal hex characters in escape (%) pattern: {text}")
    return unquote_plus(text)


FUNCTIONS = [
    ("py_url_extract_protocol", _part("scheme"), ["VARCHAR"], "VARCHAR"),
    ("py_url_extract_host", _part("host"), ["VARCHAR"], "VARCHAR"),
    ("py_url_extract_port", port, ["VARCHAR"], "BIGINT"),
    ("py_url_extract_path", _part("path", decoded=True), ["VARCHAR"], "VARCHAR"),
    ("py_url_extract_query", _part("query", decoded=True), ["VARCHAR"], "VARCHAR"),
    ("py_url_extract_fragment", _part("fragment", decoded=True), ["VARCHAR"], "VARCHAR"),
    ("py_url_extract_parameter", parameter, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("py_url_encode", encode, ["VARCHAR"], "VARCHAR"),
    ("py_url_decode", decode, ["VARCHAR"], "VARCHAR"),
]
