create external table `{database}`.`{table}` (
    user_id string,
    name string,
    email string,
    country string,
    plan string,
    signed_up_at string,
    updated_at string
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
