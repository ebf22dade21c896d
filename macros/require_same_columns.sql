{#
    Stops an incremental run of a model that has other columns than its table.

    The days already loaded would hold null in a new column, so that the run would not equal a full
    refresh. on_schema_change: fail says so as well, but only once the model has been queried, and a
    model that reads its own table fails before that, on the column the table does not have.
#}
{% macro require_same_columns() %}
    {%- if execute and is_incremental() -%}
        {%- set loaded = adapter.get_columns_in_relation(this) | map(attribute='name') | list -%}
        {%- set described = model.columns.keys() | list -%}
        {%- if loaded | sort != described | sort -%}
            {%- do exceptions.raise_compiler_error(
                'The columns of ' ~ this.identifier ~ ' changed. In the model, not in the table: '
                ~ (described | reject('in', loaded) | join(', ') or 'none')
                ~ '; in the table, not in the model: '
                ~ (loaded | reject('in', described) | join(', ') or 'none')
                ~ '. Build it anew: dbt run --full-refresh --select ' ~ this.identifier ~ '+'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
