{#
    model_state: what each incremental model was built from. One row per model:
    - published_through: all publications of the cleaned zone up to this one are in its table;
    - definition: fingerprint of the SQL and seeds that its table was built by (definition_of).

    Only the hooks of a run write it. A run that is killed before its end leaves it as it was, and
    the next one rebuilds the same days again, to the same rows.
#}


{#
    A fingerprint of all that decides a model's rows beside its sources: its SQL and that of the
    models it is built from, the seeds among them, and the vars they read. Comments and blanks do
    not count.
#}
{% macro definition_of(node) %}
    {%- set parts = [] -%}
    {%- for unique_id in lineage_of(node) | sort -%}
        {%- set ancestor = graph.nodes[unique_id] -%}
        {%- set code = ancestor.raw_code or '' -%}
        {%- set code = modules.re.sub('(?s)\\{#.*?#\\}|--[^\\n]*', '', code) -%}
        {%- do parts.append(modules.re.sub('\\s+', ' ', code)) -%}
        {%- if ancestor.resource_type == 'seed' -%}
            {%- do parts.append(ancestor.checksum.checksum) -%}
        {%- endif -%}
        {%- for name in modules.re.findall("var\\(\\s*['\"](\\w+)['\"]", code) -%}
            {%- do parts.append(name ~ '=' ~ var(name, '')) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(local_md5(parts | join('\n'))) }}
{% endmacro %}


{# The unique ids of a model and of the models and seeds it is built from. #}
{% macro lineage_of(node) %}
    {%- set found = [node.unique_id] -%}
    {#- the list grows while it is walked -#}
    {%- for unique_id in found -%}
        {%- for parent in graph.nodes[unique_id].depends_on.nodes or [] -%}
            {%- if parent in graph.nodes and parent not in found -%}
                {%- do found.append(parent) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}


{#
    Hook at the start of a run: forgets the models that this run builds by another definition, or
    anew. If it ends before its time their tables may be by either: the next run builds all days.
#}
{% macro forget_model_state() %}
    {%- if not execute or flags.WHICH not in ('run', 'build') -%}{{ return('') }}{%- endif -%}
    {%- if var('session_gap_minutes') | int > 1440 -%}
        {%- do exceptions.raise_compiler_error(
            'session_gap_minutes is ' ~ var('session_gap_minutes') ~ ': sessions can be told apart '
            ~ 'by gaps of a day, 1440 minutes, at most'
        ) -%}
    {%- endif -%}
    {%- set state = table_in_target('model_state') -%}
    {%- if not load_relation(state) -%}{{ return('') }}{%- endif -%}
    {%- set query = 'select model, definition from ' ~ state -%}
    {%- set forgotten = [] -%}
    {%- for name, definition in run_query(query).rows -%}
        {%- set unique_id = 'model.' ~ project_name ~ '.' ~ name -%}
        {%- if unique_id in selected_resources and unique_id in graph.nodes -%}
            {%- if flags.FULL_REFRESH or definition != definition_of(graph.nodes[unique_id]) -%}
                {%- do forgotten.append("'" ~ name ~ "'") -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if forgotten -%}
        delete from {{ state }} where model in ({{ forgotten | join(', ') }})
    {%- endif -%}
{% endmacro %}


{#
    Hook at the end of a run: notes what the models that were built have seen.

    A model has seen no more than the models it is built from, as their own definitions stand now:
    one that was built alone, on tables that lag behind, is rebuilt together with them.
#}
{% macro record_model_state(results) %}
    {%- if not execute or flags.WHICH not in ('run', 'build') -%}{{ return('') }}{%- endif -%}
    {%- set built = [] -%}
    {%- for result in results if result.status == 'success' -%}
        {%- if result.node.config.meta.get('published_through') is not none -%}
            {%- do built.append(result.node) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not built -%}{{ return('') }}{%- endif -%}

    {%- set state = table_in_target('model_state') -%}
    {%- set seen = {} -%}
    {%- if load_relation(state) -%}
        {%- set query = 'select model, definition, published_through from ' ~ state -%}
        {%- for model_name, definition, through in run_query(query).rows -%}
            {%- do seen.update({model_name: (definition, through)}) -%}
        {%- endfor -%}
    {%- else -%}
        {%- do run_query(create_model_state(state)) -%}
    {%- endif -%}

    {%- set definitions = {} -%}
    {%- set rows = [] -%}
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
        select model, definition, published_through
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
        model string comment 'Name of the incremental model.',
        definition string comment 'Fingerprint of the SQL and the seeds that built its table.',
        published_through bigint comment 'The publication of the cleaned zone it has seen through.'
    )
    location '{{ location_in_target(state) }}'
    tblproperties ('table_type' = 'ICEBERG', 'format' = 'parquet')
{% endmacro %}
