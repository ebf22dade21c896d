"""The Athena API: statements taken, executed, and their results kept."""
