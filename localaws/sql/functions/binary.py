"""Binary functions. Source of the rules: Trino documentation, "Binary functions and operators"."""

from localaws.sql.functions.registry import signature, table

_DIGESTS = ("md5", "sha1", "sha256", "sha512")


def _from(name: str) -> str:
    call = f"py_from_{name}({{0}})"
    return f"tr_or_nan({call}, [{{0}}])" if name.startswith("ieee754") else call


FUNCTIONS = table(
    signature("length(varbinary) -> bigint", "octet_length({0})"),
    signature("concat(varbinary, varbinary...) -> varbinary", "({pipes})"),
    signature("reverse(varbinary) -> varbinary", "py_reverse_bytes({0})"),
    *(signature(f"{each}(varbinary) -> varbinary", f"py_{each}({{0}})") for each in _DIGESTS),
    *(
        signature(
            f"hmac_{each}(varbinary, varbinary) -> varbinary", f"py_hmac_{each}({{0}}, {{1}})"
        )
        for each in _DIGESTS
    ),
    signature("crc32(varbinary) -> bigint", "py_crc32({0})"),
    signature("to_hex(varbinary) -> varchar", "hex({0})"),
    signature("from_hex(varchar) -> varbinary", "py_from_hex({0})"),
    signature("to_utf8(varchar) -> varbinary", "encode({0})"),
    signature("from_utf8(varbinary) -> varchar", "py_from_utf8({0})"),
    signature("to_base64(varbinary) -> varchar", "to_base64({0})"),
    signature("from_base64(varchar) -> varbinary", "py_from_base64({0})"),
    signature("to_base64url(varbinary) -> varchar", "py_to_base64url({0})"),
    signature("from_base64url(varchar) -> varbinary", "py_from_base64url({0})"),
    signature("to_base32(varbinary) -> varchar", "py_to_base32({0})"),
    signature("from_base32(varchar) -> varbinary", "py_from_base32({0})"),
    *(
        entry
        for name, type_ in (
            ("big_endian_32", "integer"),
            ("big_endian_64", "bigint"),
            ("ieee754_32", "real"),
            ("ieee754_64", "double"),
        )
        for entry in (
            signature(f"to_{name}({type_}) -> varbinary", f"py_to_{name}({{0}})"),
            signature(f"from_{name}(varbinary) -> {type_}", _from(name)),
        )
    ),
)
