{#
    A condition that a date column lies in the touched days, each stretched by so many days before
    and after it. `true` when everything is built.

    Literal dates, since Athena prunes partitions by literals and not by a subquery; ranges, since
    a query has room for 262,144 bytes. They end with the first and the last day that Python has:
    one event with a wrong clock may lie on either.
#}
{% macro in_days(column, days, before=0, after=0) %}
    {%- if days is none -%}
        {{ return('true') }}
    {%- endif -%}
    {%- set one_day = modules.datetime.timedelta(days=1) -%}
    {%- set earliest, latest = date_of('0001-01-01'), date_of('9999-12-31') -%}
    {%- set ranges = [] -%}
    {%- for text in days | sort -%}
        {%- set day = date_of(text) -%}
        {%- set first = day - [before, (day - earliest).days] | min * one_day -%}
        {%- set last = day + [after, (latest - day).days] | min * one_day -%}
        {%- if ranges and (first - ranges[-1][1]).days <= 1 -%}
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
