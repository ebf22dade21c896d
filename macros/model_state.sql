{#
    model_state: what each incremental model was built from. One row per model:
    - published_through: all publications of the cleaned zone up to this one are in its table;
    - definition: fingerprint of the SQL and seeds that its table was built by (definition_of).

    The seeds and views that such models are built from have a row as well, with the definition that
    is in the warehouse: an edited file is not there before it was loaded.

    Only the hooks of a run write it. A run that is killed before its end leaves it as it was, and
    the next one rebuilds the same days again, to the same rows.
#}


{# What model_state holds: pairs of definition and published_through, by name. #}
{% macro recorded_state() %}
    {%- set state = table_in_target('model_state') -%}
    {%- set recorded = {} -%}
    {%- if load_relation(state) -%}
        {%- set through = 'coalesce(published_through, -1)' -%}
        {%- set query = 'select model, definition, ' ~ through ~ ' from ' ~ state -%}
        {%- for name, definition, through in run_query(query).rows -%}
            {%- do recorded.update({name: (definition, through)}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(recorded) }}
{% endmacro %}


{#
    Stops a run whose models would be built from a seed or view that is not in the warehouse as it
    is in the project. The rows would be by the old one and pass for the new one's.
#}
{% macro require_foundations(recorded) %}
    {%- set missing = [] -%}
    {%- for unique_id in foundations_of(selected_resources) | reject('in', selected_resources) -%}
        {%- set node = graph.nodes[unique_id] -%}
        {%- if recorded.get(node.name, ['']) | first != definition_of(node) -%}
            {%- do missing.append(node.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if missing -%}
        {%- do exceptions.raise_compiler_error(
            'Never loaded, or changed since: ' ~ missing | sort | join(', ')
            ~ '. Models of this run are built from them, so load them first: '
            ~ 'dbt build --select ' ~ missing | sort | join(' ')
        ) -%}
    {%- endif -%}
{% endmacro %}


{#
    Hook at the start of a run: forgets what this run builds by another definition, anew, or empty.
    If it ends before its time the tables may be by either: the next run builds all days. A table
    that is gone is built anew as well.
#}
{% macro forget_model_state() %}
    {%- if not execute or flags.WHICH not in ('run', 'build', 'seed') -%}
        {{ return('') }}
    {%- endif -%}
    {%- if var('session_gap_minutes') | int > 1440 -%}
        {%- do exceptions.raise_compiler_error(
            'session_gap_minutes is ' ~ var('session_gap_minutes') ~ ': sessions can be told apart '
            ~ 'by gaps of a day, 1440 minutes, at most'
        ) -%}
    {%- endif -%}
    {%- set recorded = recorded_state() -%}
    {%- do require_foundations(recorded) -%}
    {%- set forgotten = [] -%}
    {%- for unique_id in selected_resources if unique_id in graph.nodes -%}
        {%- set node = graph.nodes[unique_id] -%}
        {%- if node.resource_type in ('model', 'seed') and node.name in recorded -%}
            {%- if flags.FULL_REFRESH or flags.EMPTY
                or recorded[node.name][0] != definition_of(node)
                or not adapter.get_relation(node.database, node.schema, node.alias) -%}
                {%- do forgotten.append("'" ~ node.name ~ "'") -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if forgotten -%}
        delete from {{ table_in_target('model_state') }}
        where model in ({{ forgotten | join(', ') }})
    {%- endif -%}
{% endmacro %}


{#
    Hook at the end of a run: notes what was loaded, and what the models that were built have seen.

    A model has seen no more than the models it is built from, as their own definitions stand now:
    one that was built alone, on tables that lag behind, is rebuilt together with them.
#}
{% macro record_model_state(results) %}
    {%- if not execute or flags.WHICH not in ('run', 'build', 'seed') or flags.EMPTY -%}
        {{ return('') }}
    {%- endif -%}
    {%- set foundations = foundations_of(graph.nodes) -%}
    {%- set loaded, built = [], [] -%}
    {%- for result in results if result.status == 'success' -%}
        {%- if result.node.unique_id in foundations -%}
            {%- do loaded.append(result.node) -%}
        {%- elif result.node.config.meta.get('published_through') is not none -%}
            {%- do built.append(result.node) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not loaded and not built -%}{{ return('') }}{%- endif -%}

    {%- set state = table_in_target('model_state') -%}
    {%- set seen = recorded_state() -%}
    {%- if not load_relation(state) -%}
        {%- do run_query(create_model_state(state)) -%}
    {%- endif -%}

    {%- set rows = [] -%}
    {%- for node in loaded -%}
        {%- set definition = definition_of(node) -%}
        {%- if seen.get(node.name, ['']) | first != definition -%}
            {%- do rows.append("('" ~ node.name ~ "', '" ~ definition ~ "', null)") -%}
        {%- endif -%}
    {%- endfor -%}

    {%- set definitions = {} -%}
    {#- Results come in the order of their ends: a model after those it is built from. -#}
    {%- for node in built -%}
        {%- set through = [node.config.meta.published_through] -%}
        {%- for unique_id in lineage_of(node) if unique_id != node.unique_id -%}
            {%- set parent = graph.nodes[unique_id] -%}
            {%- if parent.config.materialized == 'incremental' -%}
                {%- if unique_id not in definitions -%}
                    {%- do definitions.update({unique_id: definition_of(parent)}) -%}
                {%- endif -%}
                {%- set definition, parent_through = seen.get(parent.name, ('', -1)) -%}
                {%- do through.append(
                    parent_through if definition == definitions[unique_id] else -1
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if through | min >= 0 -%}
            {%- set definition = definition_of(node) -%}
            {%- do seen.update({node.name: (definition, through | min)}) -%}
            {%- set texts = "'" ~ node.name ~ "', '" ~ definition ~ "'" -%}
            {%- do rows.append('(' ~ texts ~ ', ' ~ through | min ~ ')') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not rows -%}{{ return('') }}{%- endif -%}

    merge into {{ state }} as target
    using (
        select model, definition, cast(published_through as bigint) as published_through
        from (values {{ rows | join(', ') }}) as built (model, definition, published_through)
    ) as src
    on target.model = src.model
    when matched then update set
        definition = src.definition,
        published_through = src.published_through
    when not matched then insert (model, definition, published_through)
        values (src.model, src.definition, src.published_through)
{% endmacro %}


{% macro create_model_state(state) %}
    create table {{ state.schema }}.{{ state.identifier }} (
        model string comment 'Name of the model or seed.',
        definition string comment 'Fingerprint of the SQL and the seeds that it was built by.',
        published_through bigint comment 'Publications that an incremental model has seen.'
    )
    location '{{ location_in_target(state) }}'
    tblproperties ('table_type' = 'ICEBERG', 'format' = 'parquet')
{% endmacro %}
