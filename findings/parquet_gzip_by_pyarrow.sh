#!/usr/bin/env bash
# pyarrow 25.0.1 writes GZIP Parquet (Athena's own default for CTAS) at zlib's level 9 unless told otherwise; zlib's own
# default is 6. On the events of an activity log that costs seven times the processor time of level 4, and the file is
# not 1 % smaller: what `write_table(..., compression="gzip")`, and with it awswrangler's
# `to_parquet(compression="gzip")`, pays. The remedy is `compression_level=4`.
# Seen: no level: 2.9 s, 4,669,922 bytes; level 9: the same; level 4: 0.4 s, 4,705,999 bytes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyarrow==25.0.1
cat > "$folder/measure.py" <<'PY'
import hashlib
import os
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq

numbers = range(200_000)
table = pa.table(
    {
        "event_id": [hashlib.md5(str(n).encode()).hexdigest() for n in numbers],
        "user_id": [f"user-{n % 5000}" for n in numbers],
        "at": pa.array([1_704_067_200_000 + 7 * n for n in numbers], pa.timestamp("ms")),
        "total": [n % 100 / 3 for n in numbers],
    }
)


def write(level):
    path = os.path.join(sys.argv[1], "events.parquet")
    start = time.process_time()
    pq.write_table(table, path, compression="gzip", compression_level=level)
    return time.process_time() - start, os.path.getsize(path)


found = {level: write(level) for level in (None, 9, 4)}
for level, (seconds, size) in found.items():
    print(f"level {level}: {seconds:.1f} s, {size:,} bytes")
(silent, silent_size), (_, nine_size), (four, four_size) = found.values()
unchanged = silent_size == nine_size and silent > 3 * four and four_size < 1.01 * silent_size
sys.exit(0 if unchanged else "pyarrow behaves differently now")
PY
"$folder/venv/bin/python" "$folder/measure.py" "$folder"
