"""The flatten job, as AWS Glue runs it; flatten_job.py is its script."""
