"""Transforms as classes with `apply`, each a method of DynamicFrame."""

from collections.abc import Callable
from typing import Any

from .dynamicframe import DynamicFrame, DynamicFrameCollection, Record

__all__ = [
    "ApplyMapping",
    "DropFields",
    "DropNullFields",
    "Filter",
    "Join",
    "Map",
    "Relationalize",
    "RenameField",
    "ResolveChoice",
    "SelectFields",
    "SelectFromCollection",
    "SplitFields",
    "UnnestFrame",
]


class ApplyMapping:
    @staticmethod
    def apply(frame: DynamicFrame, mappings: Any, **options: Any) -> DynamicFrame:
        return frame.apply_mapping(mappings, **options)


class DropFields:
    @staticmethod
    def apply(frame: DynamicFrame, paths: Any, **options: Any) -> DynamicFrame:
        return frame.drop_fields(paths, **options)


class DropNullFields:
    @staticmethod
    def apply(frame: DynamicFrame, **options: Any) -> DynamicFrame:
        return frame.drop_nulls(**options)


class Filter:
    @staticmethod
    def apply(frame: DynamicFrame, f: Callable[[Record], bool], **options: Any) -> DynamicFrame:
        return frame.filter(f, **options)


class Join:
    @staticmethod
    def apply(
        frame1: DynamicFrame, frame2: DynamicFrame, keys1: Any, keys2: Any, **options: Any
    ) -> DynamicFrame:
        as_list = [[keys] if isinstance(keys, str) else keys for keys in (keys1, keys2)]
        return frame1.join(*as_list, frame2, **options)


class Map:
    @staticmethod
    def apply(frame: DynamicFrame, f: Callable[[Record], Record], **options: Any) -> DynamicFrame:
        return frame.map(f, **options)


class Relationalize:
    @staticmethod
    def apply(
        frame: DynamicFrame,
        staging_path: str | None = None,
        name: str = "roottable",
        **options: Any,
    ) -> DynamicFrameCollection:
        return frame.relationalize(name, staging_path, **options)


class RenameField:
    @staticmethod
    def apply(frame: DynamicFrame, old_name: str, new_name: str, **options: Any) -> DynamicFrame:
        return frame.rename_field(old_name, new_name, **options)


class ResolveChoice:
    @staticmethod
    def apply(
        frame: DynamicFrame, specs: Any = None, choice: str = "", **options: Any
    ) -> DynamicFrame:
        return frame.resolveChoice(specs, choice, **options)


class SelectFields:
    @staticmethod
    def apply(frame: DynamicFrame, paths: Any, **options: Any) -> DynamicFrame:
        return frame.select_fields(paths, **options)


class SelectFromCollection:
    @staticmethod
    def apply(dfc: DynamicFrameCollection, key: str, **options: Any) -> DynamicFrame:
        return dfc.select(key, **options)


class SplitFields:
    @staticmethod
    def apply(
        frame: DynamicFrame,
        paths: Any,
        name1: str = "frame1",
        name2: str = "frame2",
        **options: Any,
    ) -> DynamicFrameCollection:
        return frame.split_fields(paths, name1, name2, **options)


class UnnestFrame:
    @staticmethod
    def apply(frame: DynamicFrame, **options: Any) -> DynamicFrame:
        return frame.unnest(**options)


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    from .refusals import refuse

    raise refuse(f"the transform {name}")
