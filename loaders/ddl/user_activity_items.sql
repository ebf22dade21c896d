create external table if not exists {database}.user_activity_items (
    event_id string,
    order_id string,
    item_number int,
    sku string,
    quantity int,
    unit_price decimal(12,2),
    event_at timestamp
)
partitioned by (event_date date)
stored as parquet
location '{location}'
tblproperties ('uap.revision' = '{revision}')
