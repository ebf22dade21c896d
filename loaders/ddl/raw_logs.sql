create external table `{database}`.`{table}` (
    event_id string,
    user_id string,
    action string,
    `timestamp` string,
    metadata string
)
partitioned by (ingest_date string)
row format serde 'org.openx.data.jsonserde.JsonSerDe'
with serdeproperties ('ignore.malformed.json' = 'true')
location '{location}'
tblproperties (
    'projection.enabled' = 'true',
    'projection.ingest_date.type' = 'date',
    'projection.ingest_date.format' = 'yyyy-MM-dd',
    'projection.ingest_date.range' = '{first},NOW',
    'uap.declaration' = '{digest}'
)
