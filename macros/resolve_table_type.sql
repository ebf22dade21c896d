{#
    dbt-athena's own macro of this name, which says whether a table is Iceberg or Hive; a unit
    test's is what the tested model's is.

    To learn the types of a model's columns a unit test makes an empty table of them. It would be a
    Hive table whatever the model is, and those hold no timestamp(6), which Iceberg models have. Of
    the model a unit test knows nothing but the SQL: all incremental ones, and they only, are
    Iceberg.
#}
{% macro resolve_table_type() %}
    {%- if model.resource_type == 'unit_test' -%}
        {{ return('iceberg' if 'touched_days()' in model.raw_code else 'hive') }}
    {%- endif -%}
    {{ return(dbt.resolve_table_type()) }}
{% endmacro %}
