"""Lake Formation: LF-tags, data cells filters and permissions, remembered across restarts.

They are kept and given back, and nothing is enforced: there is one account, and whoever reaches the
endpoint may do everything. Tags that a table or a column has from its database are not shown.
Source of the shapes: Lake Formation API reference. moto fails on untagged resources and has no data
cells filters; the actions that are not here (registered locations, settings) are moto's.
"""

from __future__ import annotations

import json
from typing import Any

from localaws.catalog import AlreadyExists, EntityNotFound
from localaws.routes import AwsError, Context, Handler

TAG, TAGGED = "lakeformation_tag", "lakeformation_tagged"
FILTER, GRANT = "lakeformation_filter", "lakeformation_grant"


def _kept(kind: str, context: Context) -> dict[str, Any]:
    return dict(context.state.items(kind))


def _row(*parts: Any) -> str:
    return json.dumps(parts, sort_keys=True)


# ---- LF-tags


def create_lf_tag(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    key = payload["TagKey"].lower()
    if key in _kept(TAG, context):
        raise AlreadyExists(f"Tag key already exists: {key}")
    context.state.put(TAG, key, payload["TagValues"])
    return {}


def update_lf_tag(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    key = payload["TagKey"].lower()
    gone, new = payload.get("TagValuesToDelete", []), payload.get("TagValuesToAdd", [])
    values = [each for each in _tag_values(key, context) if each not in gone]
    context.state.put(TAG, key, [*values, *(each for each in new if each not in values)])
    return {}


def delete_lf_tag(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    key = payload["TagKey"].lower()
    _tag_values(key, context)
    context.state.delete(TAG, key)
    for row, tags in _kept(TAGGED, context).items():
        _put_tags(row, {name: value for name, value in tags.items() if name != key}, context)
    return {}


def get_lf_tag(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    key = payload["TagKey"].lower()
    return _pair(key, _tag_values(key, context), context)


def list_lf_tags(_: dict[str, Any], context: Context) -> dict[str, Any]:
    kept = sorted(_kept(TAG, context).items())
    return {"LFTags": [_pair(key, values, context) for key, values in kept]}


def _tag_values(key: str, context: Context) -> list[str]:
    try:
        return _kept(TAG, context)[key]
    except KeyError:
        raise EntityNotFound(f"Tag or tag value does not exist: {key}") from None


def _pair(key: str, values: list[str], context: Context) -> dict[str, Any]:
    return {"CatalogId": context.account, "TagKey": key, "TagValues": values}


def add_lf_tags_to_resource(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    rows, failures = _tagged_rows(payload["Resource"], context), []
    for tag in payload["LFTags"]:
        key, values = tag["TagKey"].lower(), tag["TagValues"]
        if not set(values) <= set(_kept(TAG, context).get(key, [])):
            failures.append(_tag_failure(tag, "Tag or tag value does not exist."))
            continue
        for row in rows:
            tags = _kept(TAGGED, context).get(row, {})
            _put_tags(row, {**tags, key: values}, context)
    return {"Failures": failures}


def remove_lf_tags_from_resource(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    gone = {tag["TagKey"].lower() for tag in payload["LFTags"]}
    for row in _tagged_rows(payload["Resource"], context):
        tags = _kept(TAGGED, context).get(row, {})
        _put_tags(row, {key: value for key, value in tags.items() if key not in gone}, context)
    return {"Failures": []}


def get_resource_lf_tags(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    kept = _kept(TAGGED, context)

    def tags(row: str) -> list[dict[str, Any]]:
        return [_pair(key, values, context) for key, values in sorted(kept.get(row, {}).items())]

    match payload["Resource"]:
        case {"Database": {"Name": name}}:
            context.catalog.get_database(name)
            return {"LFTagOnDatabase": tags(_row(name.lower()))}
        case {"Table": {"DatabaseName": database, "Name": name}}:
            columns = _columns(database, name, context)
        case {"TableWithColumns": {"DatabaseName": database, "Name": name, "ColumnNames": asked}}:
            columns = [each.lower() for each in asked]
        case resource:
            raise _unsupported(resource)
    place = database.lower(), name.lower()
    tagged = {column: tags(_row(*place, column)) for column in columns}
    return {
        "LFTagOnDatabase": tags(_row(place[0])),
        "LFTagsOnTable": tags(_row(*place)),
        "LFTagsOnColumns": [
            {"Name": column, "LFTags": found} for column, found in tagged.items() if found
        ],
    }


def _tagged_rows(resource: dict[str, Any], context: Context) -> list[str]:
    """The rows of what a resource names. Raises EntityNotFound."""
    match resource:
        case {"Database": {"Name": name}}:
            context.catalog.get_database(name)
            return [_row(name.lower())]
        case {"Table": {"DatabaseName": database, "Name": name}}:
            context.catalog.get_table(database, name)
            return [_row(database.lower(), name.lower())]
        case {"TableWithColumns": {"DatabaseName": database, "Name": name, "ColumnNames": names}}:
            columns = _columns(database, name, context)
            for column in names:
                if column.lower() not in columns:
                    raise EntityNotFound(f"Column {column} of {database}.{name} was not found.")
            return [_row(database.lower(), name.lower(), column.lower()) for column in names]
    raise _unsupported(resource)


def _columns(database: str, name: str, context: Context) -> list[str]:
    table = context.catalog.get_table(database, name)
    columns = (table.get("StorageDescriptor") or {}).get("Columns", [])
    return [each["Name"] for each in [*columns, *table.get("PartitionKeys", [])]]


def _put_tags(row: str, tags: dict[str, list[str]], context: Context) -> None:
    if tags:
        context.state.put(TAGGED, row, tags)
    else:
        context.state.delete(TAGGED, row)


def _tag_failure(tag: dict[str, Any], message: str) -> dict[str, Any]:
    detail = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": message}
    return {"LFTag": tag, "Error": detail}


def _unsupported(resource: dict[str, Any]) -> AwsError:
    message = f"LF-tags of {', '.join(resource) or 'no resource'} are not supported locally."
    return AwsError("InvalidInputException", message)


# ---- data cells filters


def create_data_cells_filter(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    given = payload["TableData"]
    context.catalog.get_table(given["DatabaseName"], given["TableName"])
    if _filter_row(given) in _kept(FILTER, context):
        raise AlreadyExists(f"Data cells filter already exists: {given['Name']}")
    context.state.put(FILTER, _filter_row(given), given)
    return {}


def update_data_cells_filter(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    _find_filter(payload["TableData"], context)
    context.state.put(FILTER, _filter_row(payload["TableData"]), payload["TableData"])
    return {}


def get_data_cells_filter(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    return {"DataCellsFilter": _find_filter(payload, context)}


def delete_data_cells_filter(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    _find_filter(payload, context)
    context.state.delete(FILTER, _filter_row(payload))
    return {}


def list_data_cells_filter(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    table = payload.get("Table", {})
    wanted = {"DatabaseName": table.get("DatabaseName"), "TableName": table.get("Name")}
    found = [
        each
        for _, each in sorted(_kept(FILTER, context).items())
        if all(value in (None, each[name]) for name, value in wanted.items())
    ]
    return {"DataCellsFilters": found}


def _filter_row(named: dict[str, Any]) -> str:
    return _row(*(named.get(part, "") for part in ("DatabaseName", "TableName", "Name")))


def _find_filter(named: dict[str, Any], context: Context) -> dict[str, Any]:
    try:
        return _kept(FILTER, context)[_filter_row(named)]
    except KeyError:
        message = f"Data cells filter was not found: {named.get('Name')}"
        raise EntityNotFound(message) from None


# ---- permissions


def grant_permissions(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    row = _grant_row(payload)
    before = _kept(GRANT, context).get(row, {})
    granted = {"Principal": payload["Principal"], "Resource": payload["Resource"]}
    for name in ("Permissions", "PermissionsWithGrantOption"):
        granted[name] = sorted({*before.get(name, []), *payload.get(name, [])})
    context.state.put(GRANT, row, granted)
    return {}


def revoke_permissions(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    row = _grant_row(payload)
    before = _kept(GRANT, context).get(row)
    if before is None or not set(payload["Permissions"]) <= set(before["Permissions"]):
        message = "No permissions revoked. Grantee has no such permissions on the resource."
        raise AwsError("InvalidInputException", message)
    options = payload.get("PermissionsWithGrantOption", []) + payload["Permissions"]
    left = [each for each in before["Permissions"] if each not in payload["Permissions"]]
    grantable = [each for each in before["PermissionsWithGrantOption"] if each not in options]
    if left:
        kept = {**before, "Permissions": left, "PermissionsWithGrantOption": grantable}
        context.state.put(GRANT, row, kept)
    else:
        context.state.delete(GRANT, row)
    return {}


def list_permissions(payload: dict[str, Any], context: Context) -> dict[str, Any]:
    asked = payload.get("Resource")
    kind = payload.get("ResourceType", "").replace("_", "").lower()
    found = [
        each
        for each in _kept(GRANT, context).values()
        if payload.get("Principal") in (None, each["Principal"])
        and (asked is None or _same(asked) == _same(each["Resource"]))
        and (not kind or kind in next(iter(each["Resource"])).lower())
    ]
    return {"PrincipalResourcePermissions": found}


def _grant_row(payload: dict[str, Any]) -> str:
    return _row(payload["Principal"], _same(payload["Resource"]))


def _same(resource: dict[str, Any]) -> dict[str, Any]:
    """A resource without its catalog, which is the account's wherever it is left out."""
    return {
        kind: {name: value for name, value in inner.items() if name != "CatalogId"}
        for kind, inner in resource.items()
    }


def _batch(act: Handler) -> Handler:
    """Every entry by itself: one that fails does not stop the others."""

    def handle(payload: dict[str, Any], context: Context) -> dict[str, Any]:
        failures = []
        for entry in payload["Entries"]:
            try:
                act(entry, context)
            except AwsError as error:
                detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
                failures.append({"RequestEntry": entry, "Error": detail})
        return {"Failures": failures}

    return handle


ACTIONS: dict[str, Handler] = {
    "CreateLFTag": create_lf_tag,
    "UpdateLFTag": update_lf_tag,
    "DeleteLFTag": delete_lf_tag,
    "GetLFTag": get_lf_tag,
    "ListLFTags": list_lf_tags,
    "AddLFTagsToResource": add_lf_tags_to_resource,
    "RemoveLFTagsFromResource": remove_lf_tags_from_resource,
    "GetResourceLFTags": get_resource_lf_tags,
    "CreateDataCellsFilter": create_data_cells_filter,
    "UpdateDataCellsFilter": update_data_cells_filter,
    "GetDataCellsFilter": get_data_cells_filter,
    "DeleteDataCellsFilter": delete_data_cells_filter,
    "ListDataCellsFilter": list_data_cells_filter,
    "GrantPermissions": grant_permissions,
    "RevokePermissions": revoke_permissions,
    "BatchGrantPermissions": _batch(grant_permissions),
    "BatchRevokePermissions": _batch(revoke_permissions),
    "ListPermissions": list_permissions,
}
