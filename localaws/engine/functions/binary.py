"""Binary functions. Source of the rules: Trino documentation, "Binary functions and operators"."""

import base64
import hashlib
import hmac
import struct
import zlib
from collections.abc import Callable
from typing import Any

from localaws.engine.functions.errors import FunctionError, invalid


def _decoder(name: str, decode: Callable[[str], bytes]) -> Callable[[str], bytes]:
    def decoded(text: str) -> bytes:
        try:
            return decode(text)
        except ValueError as error:
            invalid(f"{name}: {error}")

    return decoded


def _from_hex(text: str) -> bytes:
    if any(each.isspace() for each in text):
        raise ValueError("non-hexadecimal number found")
    return bytes.fromhex(text)


def _padded(text: str) -> bytes:
    return (text + "=" * (-len(text) % 4)).encode()


def _from_base64(text: str) -> bytes:
    # Java's decoder does not ask for the padding.
    return base64.b64decode(_padded(text), validate=True)


def _from_base64url(text: str) -> bytes:
    return base64.b64decode(_padded(text), altchars=b"-_", validate=True)


def from_utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        message = "from_utf8 of bytes that are not UTF-8 is not supported locally"
        raise FunctionError("NOT_SUPPORTED", message) from None


def _packed(layout: str) -> Callable[[Any], bytes]:
    return lambda value: struct.pack(layout, value)


def _unpacked(layout: str, name: str) -> Callable[[bytes], Any]:
    size = struct.calcsize(layout)

    def unpack(data: bytes) -> Any:
        if len(data) != size:
            invalid(f"{name}: expected {size} bytes, but got {len(data)}")
        return struct.unpack(layout, data)[0]

    return unpack


def _digest(algorithm: str) -> Callable[[bytes], bytes]:
    return lambda data: hashlib.new(algorithm, data, usedforsecurity=False).digest()


def _hmac(algorithm: str) -> Callable[[bytes, bytes], bytes]:
    return lambda data, key: hmac.new(key, data, algorithm).digest()


_NUMBERS = (
    ("big_endian_32", ">i", "INTEGER"),
    ("big_endian_64", ">q", "BIGINT"),
    ("ieee754_32", ">f", "FLOAT"),
    ("ieee754_64", ">d", "DOUBLE"),
)

FUNCTIONS = [
    ("py_from_hex", _decoder("from_hex", _from_hex), ["VARCHAR"], "BLOB"),
    ("py_from_base64", _decoder("from_base64", _from_base64), ["VARCHAR"], "BLOB"),
    ("py_from_base64url", _decoder("from_base64url", _from_base64url), ["VARCHAR"], "BLOB"),
    (
        "py_from_base32",
        _decoder("from_base32", lambda text: base64.b32decode(text)),
        ["VARCHAR"],
        "BLOB",
    ),
    ("py_to_base64url", lambda data: base64.urlsafe_b64encode(data).decode(), ["BLOB"], "VARCHAR"),
    ("py_to_base32", lambda data: base64.b32encode(data).decode(), ["BLOB"], "VARCHAR"),
    ("py_from_utf8", from_utf8, ["BLOB"], "VARCHAR"),
    ("py_crc32", lambda data: zlib.crc32(data), ["BLOB"], "BIGINT"),
    ("py_reverse_bytes", lambda data: data[::-1], ["BLOB"], "BLOB"),
    *(
        (f"py_{name}", _digest(name), ["BLOB"], "BLOB")
        for name in ("md5", "sha1", "sha256", "sha512")
    ),
    *(
        (f"py_hmac_{name}", _hmac(name), ["BLOB", "BLOB"], "BLOB")
        for name in ("md5", "sha1", "sha256", "sha512")
    ),
    *((f"py_to_{name}", _packed(layout), [type_], "BLOB") for name, layout, type_ in _NUMBERS),
    *(
        (f"py_from_{name}", _unpacked(layout, f"from_{name}"), ["BLOB"], type_)
        for name, layout, type_ in _NUMBERS
    ),
]
