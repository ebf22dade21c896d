"""What a load consists of: `s3://<raw>/_manifests/<load id>.json`, written when all of it is there.

Keys: `load_id`, `source`, `completed_at` (UTC), `objects` [{`key`, `file`, `sha256` and `bytes` of
the uncompressed content, `lines` that are not blank}]. The id follows from the content: the same
files are the same load, however many runs landed it. Crawlers and Athena pass over names that
begin with `_`.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from loaders import aws
from loaders.landing import patiently
from loaders.parts import Part

FOLDER = "_manifests/"


def write(s3: BaseClient, bucket: str, zone: str, objects: Sequence[tuple[str, Part]]) -> str:
    """Write the manifest of `objects` (key, part) unless it is there; returns its key."""
    identity = "".join(f"{key} {part.sha256}\n" for key, part in objects)
    load_id = f"{zone}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
    manifest = {
        "load_id": load_id,
        "source": zone,
        "completed_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "objects": [
            {
                "key": key,
                "file": part.source.path.name,
                "sha256": part.sha256,
                "bytes": part.size,
                "lines": part.lines,
            }
            for key, part in objects
        ],
    }
    key = f"{FOLDER}{load_id}.json"
    body = json.dumps(manifest, indent=1).encode()
    try:
        patiently(lambda: s3.put_object(Bucket=bucket, Key=key, Body=body, IfNoneMatch="*"))
    except ClientError as error:
        if not aws.is_precondition_failed(error):
            raise
    return key
