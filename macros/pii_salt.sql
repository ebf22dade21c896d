{#
    The salt of hashed personal data, as a text literal.

    A secret: with it anyone can find out the hash of an address they guess. So it comes from the
    environment and stands in no file of the project. Another salt gives other hashes.

    Only the local endpoint, which holds made-up people, does without. Parsing needs no secret.
#}
{% macro pii_salt() %}
    {%- set salt = var('pii_salt', none) or env_var('UAP_PII_SALT', '') -%}
    {%- if execute and not salt and target.name != 'local' -%}
        {%- do exceptions.raise_compiler_error(
            'UAP_PII_SALT is not set, and e-mail addresses hashed without a secret can be guessed: '
            ~ 'export it, the same value each time, or leave profiles out with '
            ~ "--vars 'user_profiles: false'"
        ) -%}
    {%- endif -%}
    {{ return("'" ~ salt | replace("'", "''") ~ "'") }}
{% endmacro %}
