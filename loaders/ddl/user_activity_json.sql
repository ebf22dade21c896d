create external table if not exists {database}.user_activity_json (
    event_id string,
    user_id bigint,
    action string,
    `timestamp` string,
    metadata struct<device:string,location:string>
)
partitioned by (event_date date)
row format serde 'org.openx.data.jsonserde.JsonSerDe'
location '{location}'
tblproperties ('uap.revision' = '{revision}')
