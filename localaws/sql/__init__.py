"""Athena SQL: parsed, resolved against the catalog, type checked, and compiled for the engine."""
