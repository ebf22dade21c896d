{#
    The event dates that this run of an incremental model has to rebuild, as ISO texts; none on a
    full build, which means all of them.

    The flatten job rewrites days of the cleaned zone whole and numbers what it publishes;
    model_state keeps the publication that each model has seen. So a day is touched when it was
    published since, however late or in whatever order its documents came. The query reads two
    tables of a few kilobytes, and its cost does not grow with the events.

    A model whose definition changed (see definition_of) has seen nothing yet: all days are touched.

    To rebuild a range of days whatever was published:
        dbt run --select fct_events+ --vars '{backfill_from: 2025-01-01, backfill_to: 2025-01-31}'
    Such a run leaves model_state as it is.
#}
{% macro touched_days() %}
    {%- if not execute or model.resource_type != 'model'
        or flags.WHICH not in ('run', 'build', 'compile', 'show') -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set published_days = source('user_activity_cleaned', 'published_days') -%}
    {%- set seen = config.get('meta') -%}
    {%- do seen.pop('published_through', none) -%}

    {%- if not is_incremental() -%}
        {%- set newest = run_query('select max(publication) from ' ~ published_days) -%}
        {%- do seen.update(published_through=newest.rows[0][0] or 0) -%}
        {{ return(none) }}
    {%- endif -%}

    {%- if var('backfill_from', none) or var('backfill_to', none) -%}
        {{ return(days_between(var('backfill_from', none), var('backfill_to', none))) }}
    {%- endif -%}

    {%- set state = table_in_target('model_state') -%}
    {%- set query -%}
        select cast(days.event_date as varchar) as event_date, days.publication
        from {{ published_days }} as days
        {% if load_relation(state) -%}
        left join {{ state }} as state
            on state.model = '{{ model.name }}'
            and state.definition = '{{ definition_of(model) }}'
        where days.publication > coalesce(state.published_through, -1)
        {% endif -%}
        order by event_date
    {%- endset -%}
    {%- set found = run_query(query) -%}
    {%- if found.rows -%}
        {%- do seen.update(published_through=found.columns[1].values() | max) -%}
    {%- endif -%}
    {{ return(found.columns[0].values() | list) }}
{% endmacro %}


{# The days of a range, both ends included, as ISO texts. #}
{% macro days_between(first, last) %}
    {%- if not first or not last -%}
        {%- do exceptions.raise_compiler_error(
            "a backfill needs both its days: "
            ~ "--vars '{backfill_from: 2025-01-01, backfill_to: 2025-01-31}'"
        ) -%}
    {%- endif -%}
    {%- set first = date_of(first) -%}
    {%- set count = (date_of(last) - first).days + 1 -%}
    {%- if count < 1 -%}
        {%- do exceptions.raise_compiler_error(
            'backfill_to ' ~ last ~ ' is before backfill_from ' ~ first
        ) -%}
    {%- endif -%}
    {%- set days = [] -%}
    {%- for offset in range(count) -%}
        {%- do days.append((first + modules.datetime.timedelta(days=offset)).isoformat()) -%}
    {%- endfor -%}
    {{ return(days) }}
{% endmacro %}


{# A date from its ISO text, so that nothing else gets into SQL. #}
{% macro date_of(text) %}
    {%- if not modules.re.fullmatch('\\d{4}-\\d{2}-\\d{2}', text | string) -%}
        {%- do exceptions.raise_compiler_error(text ~ ' is not a date such as 2025-01-31') -%}
    {%- endif -%}
    {{ return(modules.datetime.datetime.strptime(text | string, '%Y-%m-%d').date()) }}
{% endmacro %}
