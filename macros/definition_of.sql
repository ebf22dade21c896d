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


{# The unique ids of the seeds and views that the incremental ones of these nodes are built from. #}
{% macro foundations_of(unique_ids) %}
    {%- set found = [] -%}
    {%- for unique_id in unique_ids if unique_id in graph.nodes -%}
        {%- if graph.nodes[unique_id].config.materialized == 'incremental' -%}
            {%- for parent in lineage_of(graph.nodes[unique_id]) if parent not in found
                and graph.nodes[parent].config.materialized not in ('incremental', 'ephemeral') -%}
                {%- do found.append(parent) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}
