{# True for rows that were deleted in Pipedrive: those marked there, and tombstones of `detect_deletes`. #}
{% macro deleted(marked=true) -%}
({% if marked %}coalesce(is_deleted, false) or {% endif %}_sdc_deleted_at is not null)
{%- endmacro %}

{# Columns of a variable, each with a comma before it. #}
{% macro passed_columns(variable, prefix='') -%}
{% for column in var(variable) %}
    , {{ prefix ~ column }}
{%- endfor %}
{%- endmacro %}

{# Whether the changes of deals are used: as the variable says, or if their table is there. #}
{% macro has_deal_changes() %}
    {% set wanted = var('pipedrive_deal_changes') | string | lower %}
    {% if wanted != 'auto' %}{{ return(wanted == 'true') }}{% endif %}
    {% if not execute %}{{ return(false) }}{% endif %}
    {{ return(load_relation(source('pipedrive', 'deal_changes')) is not none) }}
{% endmacro %}
