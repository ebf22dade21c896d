"""Queries that are kept: named queries, and prepared statements over the API.

PREPARE, EXECUTE and DEALLOCATE work on the same prepared statements.
Source of the shapes: API reference, NamedQuery and PreparedStatement.
"""

import uuid
from collections.abc import Callable
from typing import Any

from localaws.athena import prepared
from localaws.athena.api import invalid, page
from localaws.routes import AwsError, Context
from localaws.sql.errors import QueryError
from localaws.state import State

KIND = "athena_named_query"


class NamedQueries:
    """`require(name)` raises where there is no such workgroup."""

    def __init__(self, state: State, require: Callable[[str], Any]) -> None:
        self._state, self._require = state, require
        self._all: dict[str, dict[str, Any]] = dict(state.items(KIND))
        self._tokens = {each["_token"]: id_ for id_, each in self._all.items()}
        self.actions = {
            "CreateNamedQuery": self._create,
            "GetNamedQuery": self._get,
            "BatchGetNamedQuery": self._batch_get,
            "ListNamedQueries": self._list,
            "UpdateNamedQuery": self._update,
            "DeleteNamedQuery": self._delete,
            "CreatePreparedStatement": self._create_prepared,
            "GetPreparedStatement": self._get_prepared,
            "BatchGetPreparedStatement": self._batch_get_prepared,
            "ListPreparedStatements": self._list_prepared,
            "UpdatePreparedStatement": self._update_prepared,
            "DeletePreparedStatement": self._delete_prepared,
        }

    def belongs(self, workgroup: str) -> bool:
        """Whether any of them belongs to a workgroup."""
        named = any(each["WorkGroup"] == workgroup for each in self._all.values())
        return named or bool(prepared.listed(self._state, workgroup))

    def clear(self, workgroup: str) -> None:
        for id_, query in list(self._all.items()):
            if query["WorkGroup"] == workgroup:
                self._remove(id_)
        for statement in prepared.listed(self._state, workgroup):
            prepared.remove(self._state, workgroup, statement["StatementName"])

    # ---- named queries

    def _create(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        workgroup = payload.get("WorkGroup", "primary")
        self._require(workgroup)
        token = payload.get("ClientRequestToken")
        if token in self._tokens and token is not None:
            known = self._all[self._tokens[token]]
            if any(known[key] != payload[key] for key in ("Name", "Database", "QueryString")):
                raise invalid("Idempotent parameters do not match", "IDEMPOTENT_PARAMETER_MISMATCH")
            return {"NamedQueryId": known["NamedQueryId"]}
        query = {
            "NamedQueryId": str(uuid.uuid4()),
            "WorkGroup": workgroup,
            "_token": token,
            **{key: payload[key] for key in ("Name", "Database", "QueryString")},
            **({"Description": payload["Description"]} if "Description" in payload else {}),
        }
        self._put(query)
        return {"NamedQueryId": query["NamedQueryId"]}

    def _put(self, query: dict[str, Any]) -> None:
        id_ = query["NamedQueryId"]
        self._state.put(KIND, id_, query)
        self._all[id_] = query
        self._tokens[query["_token"]] = id_

    def _remove(self, id_: str) -> None:
        self._state.delete(KIND, id_)
        self._tokens.pop(self._all.pop(id_)["_token"], None)

    def _find(self, id_: str) -> dict[str, Any]:
        if id_ not in self._all:
            raise invalid(f"NamedQuery {id_} was not found")
        return self._all[id_]

    def _get(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        return {"NamedQuery": _shown(self._find(payload["NamedQueryId"]))}

    def _batch_get(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        asked = dict.fromkeys(payload["NamedQueryIds"])
        return {
            "NamedQueries": [_shown(self._all[id_]) for id_ in asked if id_ in self._all],
            "UnprocessedNamedQueryIds": [
                {
                    "NamedQueryId": id_,
                    "ErrorCode": "INVALID_INPUT",
                    "ErrorMessage": f"NamedQuery {id_} was not found",
                }
                for id_ in asked
                if id_ not in self._all
            ],
        }

    def _list(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        workgroup = payload.get("WorkGroup", "primary")
        self._require(workgroup)
        found = [id_ for id_, each in self._all.items() if each["WorkGroup"] == workgroup]
        ids, token = page(sorted(found), str, payload)
        return {"NamedQueryIds": ids, **token}

    def _update(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        query = dict(self._find(payload["NamedQueryId"]))
        query |= {key: payload[key] for key in ("Name", "QueryString")}
        query.pop("Description", None)
        if payload.get("Description"):
            query["Description"] = payload["Description"]
        self._put(query)
        return {}

    def _delete(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        self._find(payload["NamedQueryId"])
        self._remove(payload["NamedQueryId"])
        return {}

    # ---- prepared statements

    def _create_prepared(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        workgroup, name = self._place(payload)
        try:
            prepared.create(
                self._state, workgroup, name, payload["QueryStatement"], payload.get("Description")
            )
        except QueryError as error:
            raise invalid(error.message) from None
        return {}

    def _get_prepared(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        return {"PreparedStatement": self._find_prepared(*self._place(payload))}

    def _batch_get_prepared(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        self._require(payload["WorkGroup"])
        found, missing = [], []
        for name in dict.fromkeys(payload["PreparedStatementNames"]):
            try:
                found.append(self._find_prepared(payload["WorkGroup"], name))
            except AwsError as error:
                missing.append(
                    {
                        "StatementName": name,
                        "ErrorCode": "STATEMENT_NOT_FOUND",
                        "ErrorMessage": error.message,
                    }
                )
        return {"PreparedStatements": found, "UnprocessedPreparedStatementNames": missing}

    def _list_prepared(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        self._require(payload["WorkGroup"])
        found, token = page(
            prepared.listed(self._state, payload["WorkGroup"]),
            lambda each: each["StatementName"],
            payload,
        )
        keys = ("StatementName", "LastModifiedTime")
        return {"PreparedStatements": [{key: each[key] for key in keys} for each in found], **token}

    def _update_prepared(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        workgroup, name = self._place(payload)
        self._find_prepared(workgroup, name)
        prepared.save(
            self._state, workgroup, name, payload["QueryStatement"], payload.get("Description")
        )
        return {}

    def _delete_prepared(self, payload: dict[str, Any], _: Context) -> dict[str, Any]:
        workgroup, name = self._place(payload)
        self._find_prepared(workgroup, name)
        prepared.remove(self._state, workgroup, name)
        return {}

    def _place(self, payload: dict[str, Any]) -> tuple[str, str]:
        self._require(payload["WorkGroup"])
        return payload["WorkGroup"], payload["StatementName"]

    def _find_prepared(self, workgroup: str, name: str) -> dict[str, Any]:
        statement = prepared.find(self._state, workgroup, name)
        if statement is None:
            message = f"PreparedStatement {name} was not found in workGroup {workgroup}"
            raise AwsError("ResourceNotFoundException", message, ResourceName=name)
        return statement


def _shown(query: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if not name.startswith("_")}
