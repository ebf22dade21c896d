create external table if not exists {database}.quarantine (
    reason string,
    raw_line string,
    source_object string,
    line_number bigint,
    run_id string
)
partitioned by (ingest_date date)
stored as parquet
location '{location}'
tblproperties ('uap.revision' = '{revision}')
