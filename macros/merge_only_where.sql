{#
    Sets the model's incremental_predicates to one known only now, when the model is compiled.

    dbt reads config() while parsing, before any query can run; what it hands to the merge later is
    the list it read then. So the model declares incremental_predicates=[] and this fills the list.
    Left empty the merge is not valid SQL: it fails, rather than scan the whole table unnoticed.
    Replaced and not added to: a list that outlives one run must not keep the predicate of the last.
#}
{% macro merge_only_where(predicate) %}
    {%- if execute and is_incremental() -%}
        {%- set predicates = config.get('incremental_predicates') -%}
        {%- do predicates.clear() -%}
        {%- do predicates.append(predicate) -%}
    {%- endif -%}
{% endmacro %}
