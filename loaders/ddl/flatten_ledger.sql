create external table if not exists {database}.flatten_ledger (
    source_object string,
    etag string,
    size bigint,
    lines bigint,
    conversions map<string,bigint>,
    event_dates array<string>,
    rules string,
    run_id string,
    cleaned bigint,
    dropped bigint,
    duplicates bigint,
    quarantined map<string,bigint>
)
partitioned by (ingest_date date)
row format serde 'org.openx.data.jsonserde.JsonSerDe'
location '{location}'
tblproperties ('uap.revision' = '{revision}')
