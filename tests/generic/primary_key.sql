{#
    The grain of a model: its key is never null, and no two rows have the same. One query, where
    dbt's not_null and unique take one for each column and know no key of several columns.
#}
{% test primary_key(model, columns) %}

select
    {{ columns | join(',\n    ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
    {%- for column in columns %}
    or {{ column }} is null
    {%- endfor %}

{% endtest %}
