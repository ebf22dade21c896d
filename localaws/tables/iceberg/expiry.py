"""Which snapshots and files VACUUM removes.

Source of the rules and their defaults: Athena user guide, "VACUUM" and "Create Iceberg tables",
table properties `vacuum_*`; Iceberg's specification, "Snapshot Retention Policy".
"""

from dataclasses import dataclass
from datetime import timedelta

from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import MetadataLogEntry, Snapshot, ancestors_of
from pyiceberg.table.update import RemoveSnapshotsUpdate, update_table_metadata


@dataclass(frozen=True)
class Retention:
    age: timedelta
    snapshots: int
    metadata_files: int


def retention(properties: dict[str, str]) -> Retention:
    return Retention(
        timedelta(seconds=int(properties.get("vacuum_max_snapshot_age_seconds", 432_000))),
        max(1, int(properties.get("vacuum_min_snapshots_to_keep", 1))),
        max(1, int(properties.get("vacuum_max_metadata_files_to_keep", 100))),
    )


def expired(metadata: TableMetadata, keep: Retention, now_ms: int) -> set[int]:
    """Ids of the snapshots that are too old: not those that a tag or a branch names, nor the
    last ones of the current state's history."""
    oldest = now_ms - keep.age.total_seconds() * 1000
    history = list(ancestors_of(metadata.current_snapshot(), metadata))
    kept = {each.snapshot_id for each in history[: keep.snapshots]}
    kept |= {ref.snapshot_id for ref in metadata.refs.values()}
    return {
        each.snapshot_id
        for each in metadata.snapshots
        if each.snapshot_id not in kept and each.timestamp_ms < oldest
    }


def without(table: Table, snapshots: set[int], keep: Retention) -> TableMetadata | None:
    """The table's next metadata: it forgets snapshots and old metadata files. None where there is
    nothing to forget."""
    metadata = table.metadata
    if not snapshots and len(metadata.metadata_log) < keep.metadata_files:
        return None
    current = MetadataLogEntry(
        metadata_file=table.metadata_location, timestamp_ms=metadata.last_updated_ms
    )
    # The next metadata file is itself one of those to keep.
    kept = [*metadata.metadata_log, current][::-1][: keep.metadata_files - 1][::-1]
    if snapshots:
        update = RemoveSnapshotsUpdate(snapshot_ids=sorted(snapshots))
        metadata = update_table_metadata(metadata, (update,))
    return metadata.model_copy(update={"metadata_log": kept})


def files_of(snapshots: list[Snapshot], table: Table) -> set[str]:
    """Locations of everything that snapshots need: manifest lists, manifests, data and delete
    files, statistics."""
    ids = {each.snapshot_id for each in snapshots}
    found = {each.statistics_path for each in table.metadata.statistics if each.snapshot_id in ids}
    seen: set[str] = set()
    for snapshot in snapshots:
        found.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path in seen:
                continue
            seen.add(manifest.manifest_path)
            for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True):
                found.add(entry.data_file.file_path)
    return found | seen
