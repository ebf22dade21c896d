{#
    The salt of hashed personal data, as a text literal.

    A secret: with it anyone can find out the hash of an address they guess. So it comes from the
    environment and stands in no file of the project. Another salt gives other hashes.
#}
{% macro pii_salt() %}
    {%- set salt = var('pii_salt', none) or env_var('UAP_PII_SALT', '') -%}
    {{ return("'" ~ salt | replace("'", "''") ~ "'") }}
{% endmacro %}
