"""S3, Glue and Athena on one machine, for pipelines that speak the AWS API."""
