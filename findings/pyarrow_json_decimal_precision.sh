#!/usr/bin/env bash
# pyarrow.json reads a number into decimal128(p, s) although it has more than p digits there.
#
# Seen with pyarrow 25.0.0: {"a":123456789.5} into decimal128(10, 2) gives 123456789.50, which has
# 11 digits, without an error; `validate(full=True)` of the same array then says that it does not
# fit. One digit behind the point too many is refused at once ("requires scale 3"). So whoever reads
# logs of amounts by a schema must validate in full: compute kernels and Parquet writers take such an
# array for a sound one. The JSON SerDes of Hive and Athena give NULL or fail.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pyarrow==25.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import io
from decimal import Decimal

import pyarrow as pa
import pyarrow.json as pj

schema = pa.schema([("a", pa.decimal128(10, 2))])


def read(number: str) -> pa.Array:
    options = pj.ParseOptions(explicit_schema=schema)
    table = pj.read_json(io.BytesIO(b'{"a":%s}' % number.encode()), parse_options=options)
    return table.column("a").combine_chunks()


found = read("123456789.5")
assert found.type == pa.decimal128(10, 2), found.type
assert found.to_pylist() == [Decimal("123456789.50")], found
try:
    found.validate(full=True)
except pa.ArrowInvalid as error:
    print("read without an error, then:", error)
else:
    raise SystemExit("the array is valid now")
try:
    read("1.015")
except pa.ArrowInvalid as error:
    print("too many digits behind the point:", error)
else:
    raise SystemExit("digits behind the point are not refused any more")
PYTHON
