{# A table of the schema that this run builds in, by its name: what no ref() can name. #}
{% macro table_in_target(name) %}
    {{ return(api.Relation.create(
        database=target.database, schema=target.schema, identifier=name, type='table'
    )) }}
{% endmacro %}


{# Where such a table that is no model keeps its files. #}
{% macro location_in_target(table) %}
    {{ return(target.s3_data_dir.rstrip('/') ~ '/' ~ table.schema ~ '/' ~ table.identifier) }}
{% endmacro %}
