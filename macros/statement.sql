{#
    dbt's own macro of this name, through which every query of a node passes, and a note of the
    bytes that the query scanned: for record_model_runs.

    What dbt reports of a node is its last query alone. A merge is two: what it merges is written to
    a table of its own first, and costs the more of the two.
#}
{% macro statement(name=none, fetch_result=false, auto_begin=true, language='sql') %}
    {%- if not execute -%}{{ return('') }}{%- endif -%}
    {%- set sql = caller() -%}
    {%- set stored = name or 'unnamed' -%}
    {%- call dbt.statement(stored, fetch_result, auto_begin, language) -%}{{ sql }}{%- endcall -%}
    {%- set result = load_result(stored) -%}
    {%- if name and name != 'main' -%}
        {#- it can be loaded once, and that was here -#}
        {%- do store_result(name, response=result.response, agate_table=result.table) -%}
    {%- endif -%}
    {%- do note_query(sql, result.response.data_scanned_in_bytes or 0) -%}
{% endmacro %}


{#
    Adds a query to those of the node that runs it. DDL is free and not noted.

    The notes are kept in graph, which all nodes and the hooks of one invocation share.
#}
{% macro note_query(sql, bytes_scanned) %}
    {%- set dml = 'select|with|insert|merge|update|delete|create\\s+table' -%}
    {%- if model and modules.re.match('(?i)(\\s|--.*\\n)*(' ~ dml ~ ')\\b', sql) -%}
        {%- set of_nodes = graph.setdefault('query_bytes', {}) -%}
        {%- set queries = of_nodes.setdefault(model.unique_id, []) -%}
        {%- do queries.append(bytes_scanned) -%}
        {#- the adapter wrote the table itself, and reports the bytes by a query of its own -#}
        {%- if '"data_scanned_in_bytes":' in sql -%}
            {%- do queries.append(0) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
