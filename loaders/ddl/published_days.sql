create external table if not exists {database}.published_days (
    event_date date,
    publication bigint,
    published_at timestamp
)
stored as parquet
location '{location}'
tblproperties ('uap.revision' = '{revision}')
