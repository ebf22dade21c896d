{#
    A condition that a date column lies in the touched days, each stretched by so many days before
    and after it. `true` when everything is built.

    Literal dates, since Athena prunes partitions by literals and not by a subquery; ranges, since
    a query has room for 262,144 bytes.
#}
{% macro in_days(column, days, before=0, after=0) %}
    {%- if days is none -%}
        {{ return('true') }}
    {%- endif -%}
    {%- set one_day = modules.datetime.timedelta(days=1) -%}
    {%- set ranges = [] -%}
    {%- for text in days | sort -%}
        {%- set first = date_of(text) - before * one_day -%}
        {%- set last = date_of(text) + after * one_day -%}
        {%- if ranges and first <= ranges[-1][1] + one_day -%}
            {%- do ranges.append((ranges.pop()[0], last)) -%}
        {%- else -%}
            {%- do ranges.append((first, last)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set conditions = [] -%}
    {%- for first, last in ranges -%}
        {%- do conditions.append(
            column ~ " between date '" ~ first ~ "' and date '" ~ last ~ "'"
        ) -%}
    {%- endfor -%}
    {{ return('(' ~ conditions | join(' or ') ~ ')' if conditions else 'false') }}
{% endmacro %}
