"""From an inferred folder to the Glue table that a crawler writes."""

import json
from typing import Any, Literal

from localaws.athena.ddl import FORMATS
from localaws.crawler.documents import Documents
from localaws.crawler.layout import PartitionFolder, TableFolder

# What a re-crawl does to the columns. UPDATE: known ones keep their place and take their new type,
# new ones come last, vanished ones go. MERGE: new ones come last. LOG: nothing.
UpdateBehavior = Literal["UPDATE", "MERGE", "LOG"]


def table_input(
    folder: TableFolder,
    documents: Documents,
    bucket: str,
    prefix: str,
    crawler: str,
) -> dict[str, Any]:
    """The TableInput of a table, as Glue's classifiers for JSON and Parquet write it."""
    input_format, output_format, serde = FORMATS[documents.classification.upper()]
    size = sum(file.size for file in folder.files)
    parameters = {
        "CrawlerSchemaDeserializerVersion": "1.0",
        "CrawlerSchemaSerializerVersion": "1.0",
        "UPDATED_BY_CRAWLER": crawler,
        "averageRecordSize": str(size // max(1, documents.documents)),
        "classification": documents.classification,
        "compressionType": documents.compression,
        "objectCount": str(len(folder.files)),
        "recordCount": str(documents.documents),
        "sizeKey": str(size),
        "typeOfData": "file",
    }
    names = ",".join(sorted(name for name, _ in documents.columns))
    serde_parameters = {"json": {"paths": names}, "parquet": {"serialization.format": "1"}}
    keys = [{"Name": key, "Type": "string"} for key in folder.keys]
    # A column in the documents that is also a partition folder is read from the folder.
    columns = [each for each in documents.columns if each[0] not in folder.keys]
    return {
        "Name": f"{prefix}{folder.name}",
        "Owner": "owner",
        "TableType": "EXTERNAL_TABLE",
        "Retention": 0,
        "Parameters": {
            **parameters,
            **({"partition_filtering.enabled": "true"} if keys else {}),
        },
        "PartitionKeys": keys,
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": type_} for name, type_ in columns],
            "Location": f"s3://{bucket}/{folder.path}",
            "InputFormat": input_format,
            "OutputFormat": output_format,
            "Compressed": documents.compression != "none",
            "NumberOfBuckets": -1,
            "SerdeInfo": {
                "SerializationLibrary": serde,
                "Parameters": serde_parameters[documents.classification],
            },
            "BucketColumns": [],
            "SortColumns": [],
            "Parameters": parameters,
            "StoredAsSubDirectories": False,
        },
    }


def merged(
    old: dict[str, Any], new: dict[str, Any], behavior: UpdateBehavior
) -> dict[str, Any] | None:
    """The table after a re-crawl, None where nothing but counts has changed.

    What a person added to the table (parameters, comments, SerDe properties) stays.
    """
    table = json.loads(json.dumps(old, default=str))
    storage, fresh = table["StorageDescriptor"], new["StorageDescriptor"]
    if behavior != "LOG":
        types = {each["Name"]: each["Type"] for each in fresh["Columns"]}
        columns = storage["Columns"]
        if behavior == "UPDATE":
            columns = [
                {**each, "Type": types[each["Name"]]} for each in columns if each["Name"] in types
            ]
        known = {each["Name"] for each in columns}
        added = [each for each in fresh["Columns"] if each["Name"] not in known]
        storage["Columns"] = columns + added
        serde = storage["SerdeInfo"].setdefault("Parameters", {})
        serde |= fresh["SerdeInfo"]["Parameters"]
        if "paths" in serde:
            serde["paths"] = ",".join(sorted(each["Name"] for each in storage["Columns"]))
    before = json.dumps(
        [old["StorageDescriptor"]["Columns"], old["StorageDescriptor"]["SerdeInfo"]]
    )
    if before == json.dumps([storage["Columns"], storage["SerdeInfo"]]):
        return None
    table["Parameters"] = {**table.get("Parameters", {}), **new["Parameters"]}
    return table


def partition_input(
    table: dict[str, Any], partition: PartitionFolder, bucket: str
) -> dict[str, Any]:
    """A partition with the table's own storage (columns, SerDe), at its folder."""
    size = sum(file.size for file in partition.files)
    storage = {
        **table["StorageDescriptor"],
        "Location": f"s3://{bucket}/{partition.path}",
        "Parameters": {
            **table["StorageDescriptor"].get("Parameters", {}),
            "objectCount": str(len(partition.files)),
            "sizeKey": str(size),
        },
    }
    return {
        "Values": list(partition.values),
        "StorageDescriptor": storage,
        "Parameters": {"objectCount": str(len(partition.files)), "sizeKey": str(size)},
    }
