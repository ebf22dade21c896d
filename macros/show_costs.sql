{#
    Prints what the models, seeds and tests of the last so many days have cost, the dearest first.

        dbt run-operation show_costs --args '{days: 30}'
#}
{% macro show_costs(days=7) %}
    {%- set costs = table_in_target('query_costs') -%}
    {%- if not load_relation(costs) -%}
        {%- do exceptions.raise_compiler_error('there is no query_costs yet: dbt build') -%}
    {%- endif -%}
    {%- set since = run_started_at - modules.datetime.timedelta(days=days | int) -%}
    {%- set query -%}
        select
            if(resource_type in ('test', 'unit_test'), '(tests)', node_name) as node,
            count(distinct invocation_id) as runs,
            sum(bytes_scanned) as bytes_scanned,
            sum(bytes_billed) as bytes_billed,
            sum(cost_usd) as cost_usd
        from {{ costs }}
        where started_at >= timestamp '{{ since.strftime("%Y-%m-%d %H:%M:%S") }}'
        group by 1
        order by cost_usd desc, node
    {%- endset -%}
    {%- set rows = run_query(query).rows -%}
    {%- set line = '%-40s %6s %18s %18s %12s' -%}
    {%- do print(line % (
        'last ' ~ days ~ ' days', 'runs', 'bytes scanned', 'bytes billed', 'dollars'
    )) -%}
    {%- for node, runs, scanned, billed, dollars in rows -%}
        {%- do print(line % (node, runs, scanned, billed, '%.6f' % dollars)) -%}
    {%- endfor -%}
    {%- do print(line % (
        'all', '',
        rows | sum(attribute=2), rows | sum(attribute=3), '%.6f' % rows | sum(attribute=4)
    )) -%}
{% endmacro %}
