"""LF-tags, data cells filters and permissions, through what dbt-athena itself calls."""

import pytest
from botocore.exceptions import ClientError
from dbt.adapters.athena.lakeformation import (
    LfGrantsConfig,
    LfPermissions,
    LfTagsConfig,
    LfTagsManager,
)
from dbt.adapters.athena.relation import AthenaRelation

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/analyst"


@pytest.fixture
def lake(client, unique):
    glue = client("glue")
    glue.create_database(DatabaseInput={"Name": unique})
    columns = [{"Name": "a", "Type": "int"}, {"Name": "b", "Type": "int"}]
    glue.create_table(
        DatabaseName=unique, TableInput={"Name": "t", "StorageDescriptor": {"Columns": columns}}
    )
    return unique


@pytest.fixture
def formation(client):
    return client("lakeformation")


@pytest.fixture
def relation(lake):
    return AthenaRelation.create(database="awsdatacatalog", schema=lake, identifier="t")


def tags(formation, lake) -> dict:
    resource = {"Table": {"DatabaseName": lake, "Name": "t"}}
    found = formation.get_resource_lf_tags(Resource=resource)
    return {
        "table": {each["TagKey"]: each["TagValues"] for each in found["LFTagsOnTable"]},
        "columns": {
            column["Name"]: {each["TagKey"]: each["TagValues"] for each in column["LFTags"]}
            for column in found["LFTagsOnColumns"]
        },
    }


def test_tags_as_dbt_sets_them(formation, lake, relation) -> None:
    assert tags(formation, lake) == {"table": {}, "columns": {}}
    for key in (f"{lake}-x", f"{lake}-y"):
        formation.create_lf_tag(TagKey=key, TagValues=["1", "2"])

    def process(**config) -> None:
        config = LfTagsConfig(enabled=True, **config)
        LfTagsManager(formation, relation, config).process_lf_tags()

    process(tags={f"{lake}-x": "1"}, tags_columns={f"{lake}-y": {"2": ["a"]}})
    assert tags(formation, lake) == {
        "table": {f"{lake}-x": ["1"]},
        "columns": {"a": {f"{lake}-y": ["2"]}},
    }
    process(tags={f"{lake}-y": "1"})
    assert tags(formation, lake) == {"table": {f"{lake}-y": ["1"]}, "columns": {}}


def test_a_tag_that_does_not_exist_is_a_failure(formation, lake) -> None:
    failures = formation.add_lf_tags_to_resource(
        Resource={"Table": {"DatabaseName": lake, "Name": "t"}},
        LFTags=[{"TagKey": f"{lake}-none", "TagValues": ["1"]}],
    )["Failures"]
    assert [each["LFTag"]["TagKey"] for each in failures] == [f"{lake}-none"]
    with pytest.raises(ClientError, match="not found"):
        formation.get_resource_lf_tags(Resource={"Table": {"DatabaseName": lake, "Name": "no"}})


def test_a_deleted_tag_is_nowhere(formation, lake) -> None:
    formation.create_lf_tag(TagKey=lake, TagValues=["1"])
    formation.add_lf_tags_to_resource(
        Resource={"Database": {"Name": lake}}, LFTags=[{"TagKey": lake, "TagValues": ["1"]}]
    )
    formation.update_lf_tag(TagKey=lake, TagValuesToAdd=["2"])
    assert formation.get_lf_tag(TagKey=lake)["TagValues"] == ["1", "2"]
    formation.delete_lf_tag(TagKey=lake)
    found = formation.get_resource_lf_tags(Resource={"Database": {"Name": lake}})
    assert found["LFTagOnDatabase"] == []
    with pytest.raises(ClientError, match="does not exist"):
        formation.get_lf_tag(TagKey=lake)


def test_filters_and_grants_as_dbt_sets_them(formation, lake, relation) -> None:
    def process(**filters) -> LfPermissions:
        config = LfGrantsConfig(data_cell_filters={"enabled": True, "filters": filters})
        permissions = LfPermissions(ACCOUNT, relation, formation)
        permissions.process_filters(config)
        permissions.process_permissions(config)
        return permissions

    def principals(name: str) -> set[str]:
        resource = {
            "TableCatalogId": ACCOUNT, "DatabaseName": lake, "TableName": "t", "Name": name,
        }  # fmt: skip
        found = formation.list_permissions(Resource={"DataCellsFilter": resource})
        return {
            each["Principal"]["DataLakePrincipalIdentifier"]
            for each in found["PrincipalResourcePermissions"]
        }

    one = {"row_filter": "a = 1", "principals": [ROLE], "column_names": ["a"]}
    filters = process(one=one, two={"row_filter": "a = 2"}).get_filters()
    assert {name: each["RowFilter"]["FilterExpression"] for name, each in filters.items()} == {
        "one": "a = 1",
        "two": "a = 2",
    }
    assert (principals("one"), principals("two")) == ({ROLE}, set())
    filters = process(one={**one, "row_filter": "a = 3", "principals": [f"{ROLE}2"]}).get_filters()
    assert [each["RowFilter"]["FilterExpression"] for each in filters.values()] == ["a = 3"]
    assert principals("one") == {f"{ROLE}2"}


def test_grants_on_a_table(formation, lake) -> None:
    grant = {
        "Principal": {"DataLakePrincipalIdentifier": ROLE},
        "Resource": {"Table": {"DatabaseName": lake, "Name": "t"}},
    }
    formation.grant_permissions(**grant, Permissions=["SELECT"])
    formation.grant_permissions(**grant, Permissions=["INSERT"])
    (found,) = formation.list_permissions(Resource=grant["Resource"])[
        "PrincipalResourcePermissions"
    ]
    assert found["Permissions"] == ["INSERT", "SELECT"]
    formation.revoke_permissions(**grant, Permissions=["INSERT"])
    with pytest.raises(ClientError, match="No permissions revoked"):
        formation.revoke_permissions(**grant, Permissions=["ALTER"])
    formation.revoke_permissions(**grant, Permissions=["SELECT"])
    listed = formation.list_permissions(Resource=grant["Resource"])
    assert listed["PrincipalResourcePermissions"] == []
