"""ALTER TABLE ADD, DROP, RENAME PARTITION and MSCK REPAIR TABLE."""

from typing import Any

from localaws.athena.ddl.common import done, existing_table, place, require_hive, task_failed
from localaws.athena.outcome import Outcome
from localaws.objects import NoSuchBucket
from localaws.sql.errors import QueryError
from localaws.sql.hive import statements as s
from localaws.tables.locations import (
    NULL_PARTITION,
    is_hidden,
    partition_folder,
    split_location,
    unescape,
)
from localaws.tables.resolver import Lakehouse

_Values = tuple[str, ...]


def add(statement: s.AddPartitions, lakehouse: Lakehouse, database: str) -> Outcome:
    where = place(statement.name, database)
    with lakehouse.writing(*where):
        glue, known = _partitioned(statement.name, lakehouse, database, "ADD PARTITION")
        inputs = []
        for spec in statement.partitions:
            values = _values(spec, glue)
            if values in known:
                if statement.if_not_exists:
                    continue
                message = f"AlreadyExistsException(message:Partition already exists: {spec.values})"
                raise task_failed(message)
            inputs.append(partition_input(glue, list(values), spec.location))
        lakehouse.catalog.create_partitions(*where, inputs)
    return done("ALTER_TABLE_ADD_PARTITION")


def drop(statement: s.DropPartitions, lakehouse: Lakehouse, database: str) -> Outcome:
    where = place(statement.name, database)
    with lakehouse.writing(*where):
        glue, known = _partitioned(statement.name, lakehouse, database, "DROP PARTITION")
        dropped = []
        for spec in statement.partitions:
            values = _values(spec, glue)
            if values in known:
                dropped.append(list(values))
            elif not statement.if_exists:
                raise _missing(spec)
        lakehouse.catalog.delete_partitions(*where, dropped)
    return done("ALTER_TABLE_DROP_PARTITION")


def rename(statement: s.RenamePartition, lakehouse: Lakehouse, database: str) -> Outcome:
    """The new values, at the location of the old ones: external tables keep their objects."""
    where = place(statement.name, database)
    with lakehouse.writing(*where):
        glue, known = _partitioned(statement.name, lakehouse, database, "RENAME PARTITION")
        old, new = _values(statement.partition, glue), _values(statement.to, glue)
        if old not in known:
            raise _missing(statement.partition)
        if new in known:
            raise task_failed(f"Partition already exists: {statement.to.values}")
        renamed = {**known[old], "Values": list(new)}
        lakehouse.catalog.update_partition(*where, list(old), renamed)
    return done("ALTER_TABLE_RENAME_PARTITION")


def set_location(statement: s.SetPartitionLocation, lakehouse: Lakehouse, database: str) -> Outcome:
    split_location(statement.location)
    where = place(statement.name, database)
    with lakehouse.writing(*where):
        glue, known = _partitioned(statement.name, lakehouse, database, "SET LOCATION")
        values = _values(statement.partition, glue)
        if values not in known:
            raise _missing(statement.partition)
        partition = known[values]
        partition["StorageDescriptor"]["Location"] = statement.location
        lakehouse.catalog.update_partition(*where, list(values), partition)
    return done("ALTER_TABLE_SET_LOCATION")


def _missing(spec: s.PartitionSpec) -> QueryError:
    return task_failed(f"Partition not found {spec.values}")


def _partitioned(
    name: s.Name, lakehouse: Lakehouse, database: str, what: str
) -> tuple[dict[str, Any], dict[_Values, dict[str, Any]]]:
    """The table, and its partitions by their values."""
    glue = existing_table(name, database, lakehouse)
    require_hive(glue, what)
    found = lakehouse.catalog.partitions(*place(name, database))
    return glue, {tuple(each["Values"]): each for each in found}


def _values(spec: s.PartitionSpec, glue: dict[str, Any]) -> _Values:
    keys = [each["Name"] for each in glue.get("PartitionKeys", [])]
    if set(keys) != set(spec.values):
        given = ", ".join(spec.values)
        message = f"partition spec ({given}) does not name the partition columns: {keys}"
        raise QueryError("INVALID_PARTITION_SPEC", message)
    return tuple(spec.values[key] for key in keys)


def partition_input(
    glue: dict[str, Any], values: list[str], location: str | None = None
) -> dict[str, Any]:
    """A new partition of a table: the table's own storage, at the partition's folder."""
    storage = dict(glue["StorageDescriptor"])
    if location:
        split_location(location)
    keys = [each["Name"] for each in glue["PartitionKeys"]]
    below = partition_folder(keys, values)
    storage["Location"] = location or f"{storage['Location'].rstrip('/')}/{below}"
    return {"Values": values, "StorageDescriptor": storage}


# ---- MSCK REPAIR TABLE


def repair(statement: s.RepairTable, lakehouse: Lakehouse, database: str) -> Outcome:
    """Partitions for the `key=value` folders that have none yet. None is ever removed.

    Source of the lines: Hive's DDLTask.msck. Values with a colon are left out, as Athena's user
    guide tells.
    """
    owner, name = place(statement.name, database)
    with lakehouse.writing(owner, name):
        glue, known = _partitioned(statement.name, lakehouse, database, "MSCK REPAIR TABLE")
        keys = [each["Name"] for each in glue.get("PartitionKeys", [])]
        found = _folders(glue["StorageDescriptor"]["Location"], keys, lakehouse)
        if found is None:
            return _report([f"Tables missing on filesystem:\t{name}"])
        new = sorted(set(found) - set(known))
        inputs = [partition_input(glue, list(values), found[values]) for values in new]
        lakehouse.catalog.create_partitions(owner, name, inputs)

    def title(values: _Values) -> str:
        return f"{name}:{partition_folder(keys, list(values))[:-1]}"

    gone = [values for values in known if _is_gone(known[values], lakehouse)]
    lines = []
    if new:
        lines.append("\t".join(["Partitions not in metastore:", *map(title, new)]))
    if gone:
        lines.append("\t".join(["Partitions missing from filesystem:", *map(title, sorted(gone))]))
    lines += [f"Repair: Added partition to metastore {title(values)}" for values in new]
    return _report(lines)


def _report(lines: list[str]) -> Outcome:
    return Outcome("DDL", "MSCK_REPAIR", rows=((line,) for line in lines))


def _is_gone(partition: dict[str, Any], lakehouse: Lakehouse) -> bool:
    bucket, prefix = split_location(partition["StorageDescriptor"]["Location"])
    try:
        return not lakehouse.store.list(bucket, prefix)
    except NoSuchBucket:
        return True


def _folders(location: str, keys: list[str], lakehouse: Lakehouse) -> dict[_Values, str] | None:
    """partition values -> location, of the folders named after `keys` that hold an object; None
    where nothing lies at `location`."""
    bucket, prefix = split_location(location)
    try:
        objects = lakehouse.store.list(bucket, prefix)
    except NoSuchBucket:
        raise QueryError("HIVE_METASTORE_ERROR", f"bucket {bucket} does not exist") from None
    if not objects:
        return None
    found = {}
    for stored in objects:
        folders = stored.key[len(prefix) :].split("/")[:-1][: len(keys)]
        pairs = [folder.partition("=") for folder in folders]
        if is_hidden(stored.key, prefix) or [unescape(key) for key, _, _ in pairs] != keys:
            continue
        values = tuple(unescape(value) or NULL_PARTITION for _, _, value in pairs)
        if values and not any(":" in value for value in values):
            found[values] = f"s3://{bucket}/{prefix}{'/'.join(folders)}/"
    return found
