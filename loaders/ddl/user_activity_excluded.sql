create external table if not exists {database}.user_activity_excluded (
    reason string,
    event_id string,
    user_id bigint,
    action string,
    event_at timestamp,
    device string,
    location string,
    app_version string,
    page string,
    order_id string,
    currency string,
    purchase_total decimal(12,2),
    item_count int,
    items array<struct<sku:string,quantity:int,unit_price:decimal(12,2)>>,
    extra string,
    source_object string,
    line_number bigint,
    ingest_date date
)
partitioned by (event_date date)
stored as parquet
location '{location}'
tblproperties ('uap.revision' = '{revision}')
