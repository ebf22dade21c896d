{#
    model_runs: the ledger of what was run and what it scanned. One row per node and invocation.
    Written by the hook at the end of a run, read by query_costs.
#}


{# Hook at the start of a run: query_costs, a view, needs the table. Asks the catalog alone. #}
{% macro create_model_runs() %}
    {%- set runs = table_in_target('model_runs') -%}
    {%- if not execute or flags.WHICH not in ('run', 'build', 'seed', 'snapshot', 'test')
        or load_relation(runs) -%}
        {{ return('') }}
    {%- endif -%}
    create table {{ runs.schema }}.{{ runs.identifier }} (
        invocation_id string comment 'Identifies the invocation of dbt.',
        node_id string comment 'Identifies the node for dbt.',
        node_name string comment 'Name of the model, seed, snapshot or test.',
        resource_type string comment 'Kind of the node.',
        status string comment 'How it ended.',
        command string comment 'The command of dbt.',
        target_name string comment 'The target of the profile.',
        rows_affected bigint comment 'Rows written. Null when there are none to tell of.',
        query_bytes array<bigint> comment 'Bytes scanned by each of its queries, in their order.',
        seconds double comment 'How long it took.',
        is_full_refresh boolean comment 'Whether the invocation was told to build anew.',
        started_at timestamp comment 'When the node started, UTC.'
    )
    location '{{ location_in_target(runs) }}'
    tblproperties ('table_type' = 'ICEBERG', 'format' = 'parquet')
{% endmacro %}


{# Hook at the end of a run: adds its nodes to model_runs, as a rule in one statement. #}
{% macro record_model_runs(results) %}
    {%- if not execute or flags.WHICH not in ('run', 'build', 'seed', 'snapshot', 'test') -%}
        {{ return('') }}
    {%- endif -%}
    {%- set rows = [] -%}
    {%- for result in results
        if result.node.resource_type in ('model', 'seed', 'snapshot', 'test', 'unit_test')
            and result.status not in ('skipped', 'no-op') -%}
        {%- do rows.append(model_run_values(result)) -%}
    {%- endfor -%}
    {#- Athena takes statements of 262,144 bytes: some 800 nodes -#}
    {%- for batch in batches_of(rows, 260000) -%}
        {%- do run_query(insert_model_runs(batch)) -%}
    {%- endfor -%}
{% endmacro %}


{# Deals texts out to lists of so many bytes at most, with two bytes between the texts. #}
{% macro batches_of(texts, bytes) %}
    {%- set batches = [] -%}
    {%- set filled = namespace(bytes=0) -%}
    {%- for text in texts -%}
        {%- set size = text.encode('utf-8') | length + 2 -%}
        {%- if not batches or filled.bytes + size > bytes -%}
            {%- do batches.append([]) -%}
            {%- set filled.bytes = 0 -%}
        {%- endif -%}
        {%- do batches[-1].append(text) -%}
        {%- set filled.bytes = filled.bytes + size -%}
    {%- endfor -%}
    {{ return(batches) }}
{% endmacro %}


{% macro insert_model_runs(rows) -%}
    insert into {{ table_in_target('model_runs') }} (
        invocation_id, node_id, node_name, resource_type, status, command, target_name,
        rows_affected, query_bytes, seconds, is_full_refresh, started_at
    )
    select
        '{{ invocation_id }}', node_id, node_name, resource_type, status, '{{ flags.WHICH }}',
        '{{ target.name | replace("'", "''") }}', cast(rows_affected as bigint),
        cast(query_bytes as array(bigint)), seconds, {{ flags.FULL_REFRESH | string | lower }},
        cast(started_at as timestamp(6))
    from (
        values
        {{ rows | join(',\n') }}
    ) as runs (
        node_id, node_name, resource_type, status, rows_affected, query_bytes, seconds, started_at
    )
{%- endmacro %}


{# A row for insert_model_runs. #}
{% macro model_run_values(result) %}
    {%- set texts = [] -%}
    {%- for text in (
        result.node.unique_id, result.node.name, result.node.resource_type, result.status
    ) -%}
        {%- do texts.append("'" ~ (text | string | replace("'", "''")) ~ "'") -%}
    {%- endfor -%}
    {%- set rows_affected = result.adapter_response.get('rows_affected', -1) -%}
    {%- set query_bytes = graph.get('query_bytes', {}).get(result.node.unique_id, []) -%}
    {#- what failed before it began has no times -#}
    {%- set started_at = result.timing[0].started_at if result.timing else none -%}
    {{ return(
        '(' ~ texts | join(', ')
        ~ ', ' ~ (rows_affected if rows_affected is number and rows_affected >= 0 else 'null')
        ~ ', array' ~ query_bytes
        ~ ", double '" ~ result.execution_time ~ "'"
        ~ ", timestamp '" ~ (started_at or run_started_at).strftime('%Y-%m-%d %H:%M:%S.%f') ~ "')"
    ) }}
{% endmacro %}
