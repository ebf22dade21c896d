{#
    The event dates an incremental run has to rebuild, as SQL literals: date '2025-01-01', ...

    Asked before the model's own statement, so that the model and its merge carry literal dates:
    Athena prunes partitions by literals, and not by a subquery on the table being built.

    A day is touched when
    - its rows, counted by ingest date, differ between the source and the table built from it:
      new days, late events, a backfill under any earlier ingest date, events that left;
    - or it has rows of the newest ingest date loaded, or of a later one: that date may still be
      receiving documents, which can change which of two duplicates came first.

    No rebuild can be missed by the order in which documents arrive: when the copies of an event are
    alike, an event that changes hands between them only ever moves to an earlier ingest date, so
    some count of its day changes.

    Reads ingest_date alone, of both tables. Both need the columns event_date and ingest_date.
#}
{% macro touched_days(source_relation) %}
    {%- if not execute or not is_incremental() -%}
        {{ return('') }}
    {%- endif -%}

    {%- set query %}
        with

        ingested as (

            select event_date, ingest_date, 1 as side
            from {{ source_relation }}

            union all

            select event_date, ingest_date, -1 as side
            from {{ this }}

        ),

        touched as (

            select event_date
            from ingested
            group by event_date, ingest_date
            having
                sum(side) <> 0
                or ingest_date >= (select max(ingest_date) from {{ this }})

        )

        select distinct event_date
        from touched
        order by event_date
    {%- endset %}

    {%- set literals = [] -%}
    {%- for day in run_query(query).columns[0].values() -%}
        {%- do literals.append("date '" ~ day ~ "'") -%}
    {%- endfor -%}
    {#- nothing on either side: a list that matches no row -#}
    {{ return(literals | join(', ') or 'cast(null as date)') }}
{% endmacro %}
