create external table `{database}`.`{table}` (
    line string
)
partitioned by (ingest_date string)
row format serde 'org.apache.hadoop.hive.serde2.RegexSerDe'
with serdeproperties ('input.regex' = '(.*)')
location '{location}'
tblproperties (
    'projection.enabled' = 'true',
    'projection.ingest_date.type' = 'date',
    'projection.ingest_date.format' = 'yyyy-MM-dd',
    'projection.ingest_date.range' = '{first},NOW',
    'uap.declaration' = '{digest}'
)
