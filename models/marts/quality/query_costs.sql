with

model_runs as (

    select
        invocation_id,
        node_id,
        node_name,
        resource_type,
        status,
        command,
        target_name,
        rows_affected,
        query_bytes,
        seconds,
        is_full_refresh,
        started_at
    from {{ source('user_activity_operations', 'model_runs') }}

),

queries as (

    select
        model_runs.invocation_id,
        model_runs.node_id,
        queries.bytes_scanned,
        -- whole megabytes, and ten of them at least
        greatest((queries.bytes_scanned + 1048575) / 1048576, 10) as megabytes_billed
    from model_runs
    cross join unnest(model_runs.query_bytes) as queries (bytes_scanned)

),

totals as (

    select
        invocation_id,
        node_id,
        count(*) as query_count,
        sum(bytes_scanned) as bytes_scanned,
        sum(megabytes_billed) as megabytes_billed
    from queries
    group by invocation_id, node_id

),

final as (

    select
        model_runs.invocation_id,
        model_runs.node_id,
        model_runs.node_name,
        model_runs.resource_type,
        model_runs.status,
        model_runs.command,
        model_runs.target_name,
        model_runs.rows_affected,
        coalesce(totals.query_count, 0) as query_count,
        coalesce(totals.bytes_scanned, 0) as bytes_scanned,
        coalesce(totals.megabytes_billed, 0) * 1048576 as bytes_billed,
        cast(coalesce(totals.megabytes_billed, 0) as double)
        * {{ var('athena_usd_per_terabyte') }} / 1048576 as cost_usd,
        model_runs.seconds,
        model_runs.is_full_refresh,
        cast(model_runs.started_at as timestamp(3)) as started_at
    from model_runs
    left join totals
        on model_runs.invocation_id = totals.invocation_id
        and model_runs.node_id = totals.node_id

)

select * from final
