"""Athena's DDL and utility statements, which have Hive's grammar: text to small dataclasses."""

from localaws.sql.hive.parser import parse_ddl
from localaws.sql.hive.statements import Column

__all__ = ["Column", "parse_ddl"]
