{#
    What an incremental run has to merge: the rows of a CTE that this table does not hold alike, and
    a tombstone for each row that it holds and should not. A tombstone has its key and its day; all
    else is null, by which the model's delete_condition tells it. On a full build: all rows.

    The day is part of the key, or follows from it: an event that moves to another day is a row
    there and a tombstone here. Else one that moved while a run was reading would stay in both.

    `rows` must be complete for the touched days, stretched by so many days before and after, and
    hold no other day. The merge looks at these days of the table alone, by literal dates.
#}
{% macro changes(rows, day, days, before=0, after=0) %}
    {%- if days is none -%}
        {{ return('select * from ' ~ rows) }}
    {%- endif -%}
    {%- do require_same_columns() -%}
    {#- dbt reads config() while parsing, before any query can run, and hands the merge the list it
        read then: so the list is filled, not set. Left empty the merge is no valid SQL and fails,
        rather than scan the whole table unnoticed. -#}
    {%- set predicates = config.get('incremental_predicates') -%}
    {%- do predicates.clear() -%}
    {%- do predicates.append(in_days('target.' ~ day, days, before, after)) -%}

    {%- set keys = config.get('unique_key') -%}
    {%- set keys = [keys] if keys is string else keys -%}
    {%- set columns = model.columns.keys() | list -%}
    select
        {%- for column in columns %}
        {% if column in keys or column == day -%}
        coalesce(rebuilt_rows.{{ column }}, loaded_rows.{{ column }}) as {{ column }}
        {%- else -%}
        rebuilt_rows.{{ column }}
        {%- endif -%}
        {{ ',' if not loop.last }}
        {%- endfor %}
    from {{ rows }} as rebuilt_rows
    full outer join (
        select {{ columns | join(', ') }}
        from {{ this }}
        where {{ in_days(day, days, before, after) }}
    ) as loaded_rows
        on {% for key in keys -%}
        rebuilt_rows.{{ key }} = loaded_rows.{{ key }}{{ ' and ' if not loop.last }}
        {%- endfor %}
    where rebuilt_rows.{{ keys[0] }} is null
        or loaded_rows.{{ keys[0] }} is null
        {%- for column in columns if column not in keys %}
        or rebuilt_rows.{{ column }} is distinct from loaded_rows.{{ column }}
        {%- endfor %}
{% endmacro %}


{#
    Stops an incremental run of a model that has other columns than its table.

    The days already loaded would hold null in a new column, so that the run would not equal a full
    refresh. on_schema_change: fail says so as well, but only once the model has been queried, and a
    model that reads its own table fails before that, on the column the table does not have.
#}
{% macro require_same_columns() %}
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
{% endmacro %}
