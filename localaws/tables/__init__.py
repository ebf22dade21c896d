"""Catalog tables over stored objects: how each kind is described, read and written."""
