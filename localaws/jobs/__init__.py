"""Glue jobs that really run: the job's script with PySpark, in a process of its own."""

from localaws.jobs.service import JobService

__all__ = ["JobService"]
