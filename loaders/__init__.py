"""Land user-activity documents in S3 and drive the pipeline: the `uap` command."""
