{#
    Compacts the Iceberg tables and removes what no snapshot needs, by the policy that each model
    has in its meta (key maintenance):
    - optimize: rewrites small files together, and those with deletes;
    - window_days: limits that to the days published in so many days, counted back from the
      newest publication, each with the month after it, which is as far as a model looks ahead;
    - vacuum: expires snapshots older than the table says (Athena: five days) and deletes their
      files.

        dbt run-operation maintain
        dbt run-operation maintain --args '{models: [fct_events]}'

    Not while models are built: two writers of a table get in each other's way.
#}
{% macro maintain(models=none) %}
    {%- set tables = maintained_tables() -%}
    {%- for name in models or [] if name not in tables -%}
        {%- do exceptions.raise_compiler_error(
            name ~ ' has no maintenance in its meta, or is no Iceberg table. These have: '
            ~ tables.keys() | join(', ')
        ) -%}
    {%- endfor -%}
    {%- for name in models or tables -%}
        {%- do unquoted(tables[name].relation) -%}
    {%- endfor -%}
    {%- set published = {} -%}
    {%- for name in models or tables -%}
        {%- set table = tables[name] -%}
        {%- if not load_relation(table.relation) -%}
            {%- do print(name ~ ': not built yet') -%}
        {%- else -%}
            {%- do maintain_table(name, table, published) -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}


{#
    The Iceberg tables with a policy, by name: relation, column of the partition, policy. Partitions
    of a month have no such column: those tables are small and are optimized whole.
#}
{% macro maintained_tables() %}
    {%- set tables = {} -%}
    {%- for node in graph.nodes.values() | list + graph.sources.values() | list -%}
        {%- set policy = (node.config.meta or {}).get('maintenance') -%}
        {%- if policy and (node.resource_type == 'source'
            or node.resource_type == 'model' and node.config.materialized == 'incremental'
            and node.config.get('table_type') == 'iceberg') -%}
            {%- do tables.update({node.name: {
                'relation': api.Relation.create(
                    database=node.database, schema=node.schema,
                    identifier=node.alias or node.identifier, type='table'
                ),
                'day': (node.config.get('partitioned_by') or [])
                    | select('in', node.columns) | first,
                'policy': policy,
            }}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(tables) }}
{% endmacro %}


{% macro maintain_table(name, table, published) %}
    {%- set files = file_count(table.relation) -%}
    {%- set done = [] -%}
    {%- if table.policy.get('optimize') -%}
        {%- set window = table.policy.get('window_days') if table.day else none -%}
        {%- if window and window not in published -%}
            {%- do published.update({window: days_published_within(window)}) -%}
        {%- endif -%}
        {%- set where = '' -%}
        {%- if window -%}
            {%- set where = ' where ' ~ in_days(table.day, published[window], 1, 30) -%}
        {%- endif -%}
        {%- do adapter.run_operation_with_potential_multiple_runs(
            'optimize ' ~ unquoted(table.relation) ~ ' rewrite data using bin_pack' ~ where,
            'optimize'
        ) -%}
        {%- do done.append('optimized' ~ where) -%}
    {%- endif -%}
    {%- if table.policy.get('vacuum') -%}
        {%- do adapter.run_operation_with_potential_multiple_runs(
            'vacuum ' ~ unquoted(table.relation), 'vacuum'
        ) -%}
        {%- do done.append('vacuumed') -%}
    {%- endif -%}
    {%- do print(
        name ~ ': ' ~ (done | join(', ') or 'nothing to do') ~ '; files: '
        ~ files ~ ', now ' ~ file_count(table.relation)
    ) -%}
{% endmacro %}


{#
    Schema and table as `vacuum` takes them: Athena refuses a database in backticks there, and
    knows no double quotes.
#}
{% macro unquoted(relation) %}
    {%- set name = relation.schema ~ '.' ~ relation.identifier -%}
    {%- if not modules.re.fullmatch('[A-Za-z][A-Za-z0-9_]*[.][A-Za-z][A-Za-z0-9_]*', name) -%}
        {%- do exceptions.raise_compiler_error(
            name ~ ' cannot be maintained: Athena vacuums no name that needs quotes. '
            ~ 'Letters, digits and underscores need none.'
        ) -%}
    {%- endif -%}
    {{ return(name) }}
{% endmacro %}


{# Number of data files of the table's newest snapshot. #}
{% macro file_count(relation) %}
    {{ return(run_query(
        'select count(*) from "' ~ relation.schema ~ '"."' ~ relation.identifier ~ '$files"'
    ).rows[0][0]) }}
{% endmacro %}


{# The event dates published in the last so many days, as ISO texts. #}
{% macro days_published_within(window_days) %}
    {%- set query -%}
        with

        published_days as (

            select event_date, published_at
            from {{ source('user_activity_cleaned', 'published_days') }}

        )

        select cast(event_date as varchar)
        from published_days
        where published_at
            > (select max(published_at) from published_days) - interval '{{ window_days }}' day
        order by event_date
    {%- endset -%}
    {{ return(run_query(query).columns[0].values() | list) }}
{% endmacro %}
