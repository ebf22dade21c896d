"""Workgroups: their settings, their state, their tags. The workgroup `primary` always exists.

Sources: API reference, WorkGroupConfiguration; user guide, "How workgroups work" and "Override
client-side settings". What a setting would change but nothing here carries out is refused.
"""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from localaws.athena.api import invalid, page
from localaws.routes import AwsError, Context
from localaws.sql.errors import QueryError
from localaws.tables.locations import split_location

KIND = "athena_workgroup"
PRIMARY = "primary"
ENGINE_VERSION = "Athena engine version 3"
ENGINE_VERSIONS = {
    "SelectedEngineVersion": "AUTO",
    "EffectiveEngineVersion": ENGINE_VERSION,
}
_ENGINES = ("AUTO", ENGINE_VERSION)
_KEPT = (
    "EnforceWorkGroupConfiguration",
    "PublishCloudWatchMetricsEnabled",
    "RequesterPaysEnabled",
    "BytesScannedCutoffPerQuery",
    "EnableMinimumEncryptionConfiguration",
)
_DEFAULTS = dict.fromkeys([name for name in _KEPT if name != "BytesScannedCutoffPerQuery"], False)
# Of a result configuration. An object's encryption at rest and its owner change no answer.
_RESULTS = (
    "OutputLocation",
    "EncryptionConfiguration",
    "ExpectedBucketOwner",
    "AclConfiguration",
)


class WorkGroups:
    """`is_empty(name)`, `clear(name)`: whether anything belongs to a workgroup; remove it all."""

    def __init__(
        self,
        context: Context,
        is_empty: Callable[[str], bool],
        clear: Callable[[str], None],
    ) -> None:
        self._state, self._account, self._region = context.state, context.account, context.region
        self._is_empty, self._clear = is_empty, clear
        self._all: dict[str, dict[str, Any]] = dict(self._state.items(KIND))
        if PRIMARY not in self._all:
            self._put(_new(PRIMARY, {}))
        self.actions = {
            "CreateWorkGroup": self._create,
            "GetWorkGroup": self._get,
            "ListWorkGroups": self._list,
            "UpdateWorkGroup": self._update,
            "DeleteWorkGroup": self._delete,
            "ListEngineVersions": _list_engine_versions,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": self._list_tags,
        }

    def require(self, name: str) -> dict[str, Any]:
        """A workgroup in the shape of the API, which must not be changed."""
        try:
            return self._all[name]
        except KeyError:
            raise invalid("WorkGroup is not found.") from None

    def require_enabled(self, name: str) -> dict[str, Any]:
        group = self.require(name)
        if group["State"] != "ENABLED":
            raise invalid(f"WorkGroup {name} is disabled.")
        return group

    def _put(self, group: dict[str, Any]) -> None:
        self._state.put(KIND, group["Name"], group)
        self._all[group["Name"]] = group

    # ---- actions

    def _create(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        name = payload["Name"]
        if name in self._all:
            raise invalid("WorkGroup is already created")
        group = _new(name, payload.get("Configuration", {}), context.account)
        group["Description"] = payload.get("Description", "")
        _require_one_place(group["Configuration"])
        group["_tags"] = {tag["Key"]: tag.get("Value", "") for tag in payload.get("Tags", [])}
        self._put(group)
        return {}

    def _get(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        group = self.require(payload["WorkGroup"])
        shown = {name: value for name, value in group.items() if name != "_tags"}
        if not shown["Description"]:
            del shown["Description"]
        return {"WorkGroup": shown}

    def _list(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        groups, token = page(sorted(self._all), str, payload)
        summaries = [
            {
                **{key: group[key] for key in ("Name", "State", "Description", "CreationTime")},
                "EngineVersion": group["Configuration"]["EngineVersion"],
            }
            for group in (self._all[name] for name in groups)
        ]
        return {"WorkGroups": summaries, **token}

    def _update(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        group = deepcopy(self.require(payload["WorkGroup"]))
        group |= {key: payload[key] for key in ("Description", "State") if key in payload}
        updates = payload.get("ConfigurationUpdates", {})
        configuration = group["Configuration"]
        results = dict(updates.get("ResultConfigurationUpdates", {}))
        kept = configuration["ResultConfiguration"]
        for name in _RESULTS:
            if results.pop(f"Remove{name}", False):
                kept.pop(name, None)
        if updates.get("RemoveBytesScannedCutoffPerQuery"):
            configuration.pop("BytesScannedCutoffPerQuery", None)
        changed = {name: value for name, value in updates.items() if not name.startswith("Remove")}
        changed.pop("ResultConfigurationUpdates", None)
        if managed := changed.pop("ManagedQueryResultsConfigurationUpdates", None):
            changed["ManagedQueryResultsConfiguration"] = managed
        changed["ResultConfiguration"] = {**kept, **results}
        group["Configuration"] = configuration | _configuration(changed, context.account)
        _require_one_place(group["Configuration"])
        self._put(group)
        return {}

    def _delete(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        name = payload["WorkGroup"]
        self.require(name)
        if name == PRIMARY:
            raise invalid("The primary WorkGroup cannot be deleted.")
        if not payload.get("RecursiveDeleteOption") and not self._is_empty(name):
            raise invalid(f"WorkGroup {name} is not empty")
        self._clear(name)
        self._state.delete(KIND, name)
        del self._all[name]
        return {}

    # ---- tags

    def _tag(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        group = deepcopy(self._tagged(payload["ResourceARN"]))
        group["_tags"] |= {tag["Key"]: tag.get("Value", "") for tag in payload["Tags"]}
        self._put(group)
        return {}

    def _untag(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        group = deepcopy(self._tagged(payload["ResourceARN"]))
        for key in payload["TagKeys"]:
            group["_tags"].pop(key, None)
        self._put(group)
        return {}

    def _list_tags(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        tags = self._tagged(payload["ResourceARN"])["_tags"]
        shown = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
        found, token = page(shown, lambda tag: tag["Key"], payload, 75)
        return {"Tags": found, **token}

    def _tagged(self, arn: str) -> dict[str, Any]:
        prefix = f"arn:aws:athena:{self._region}:{self._account}:workgroup/"
        name = arn.removeprefix(prefix)
        if name == arn or name not in self._all:
            raise AwsError("ResourceNotFoundException", f"Resource {arn} was not found.")
        return self._all[name]


def result_configuration(given: dict[str, Any], account: str) -> dict[str, Any]:
    """A result configuration that can be carried out here. Raises AwsError for another."""
    if location := given.get("OutputLocation"):
        try:
            split_location(location)
        except QueryError:
            raise invalid("outputLocation is not a valid S3 path.") from None
    encryption = given.get("EncryptionConfiguration", {}).get("EncryptionOption", "SSE_S3")
    if encryption != "SSE_S3":
        raise invalid(f"Query results encrypted with {encryption} are not supported locally.")
    if given.get("ExpectedBucketOwner", account) != account:
        owner = given["ExpectedBucketOwner"]
        raise invalid(f"The only account here is {account}, not {owner}.")
    return {name: given[name] for name in _RESULTS if name in given}


def _new(name: str, configuration: dict[str, Any], account: str = "") -> dict[str, Any]:
    return {
        "Name": name,
        "State": "ENABLED",
        "Configuration": {
            **_DEFAULTS,
            "ResultConfiguration": {},
            "EngineVersion": dict(ENGINE_VERSIONS),
            **_configuration(configuration, account),
        },
        "Description": "",
        "CreationTime": datetime.now(UTC),
        "_tags": {},
    }


def _configuration(given: dict[str, Any], account: str) -> dict[str, Any]:
    """What of a configuration is kept. Raises AwsError for what cannot be carried out."""
    kept = {name: given[name] for name in _KEPT if name in given}
    for name, value in given.items():
        match name:
            case "ResultConfiguration":
                kept[name] = result_configuration(value, account)
            case "EngineVersion":
                kept[name] = _engine_version(value)
            case "ManagedQueryResultsConfiguration":
                if value.get("EncryptionConfiguration"):
                    raise invalid("Query results encrypted with SSE_KMS are not supported locally.")
                kept[name] = {"Enabled": bool(value.get("Enabled"))}
            case _ if name not in _KEPT:
                raise invalid(f"The workgroup setting {name} is not supported locally.")
    return kept


def manages_results(configuration: dict[str, Any]) -> bool:
    """Whether Athena keeps the results itself: no object of a bucket is written.

    Source: the Athena user guide, "Managed query results".
    """
    return configuration.get("ManagedQueryResultsConfiguration", {}).get("Enabled", False)


def _require_one_place(configuration: dict[str, Any]) -> None:
    """Source: the API reference, ManagedQueryResultsConfiguration."""
    output = configuration["ResultConfiguration"].get("OutputLocation")
    if output and manages_results(configuration):
        message = "OutputLocation cannot be set where managed query results are enabled."
        raise invalid(message)


def _engine_version(given: dict[str, Any]) -> dict[str, Any]:
    selected = given.get("SelectedEngineVersion", "AUTO")
    if selected not in _ENGINES:
        raise invalid(f"The engine version {selected} is not supported locally.")
    return {"SelectedEngineVersion": selected, "EffectiveEngineVersion": ENGINE_VERSION}


def _list_engine_versions(payload: dict[str, Any], _: Context) -> dict[str, Any]:
    versions = [_engine_version({"SelectedEngineVersion": each}) for each in _ENGINES]
    found, token = page(versions, lambda each: each["SelectedEngineVersion"], payload, 10)
    return {"EngineVersions": found, **token}
