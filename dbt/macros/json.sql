{# Join each element of a JSON array to its row; `json_element` names its column. #}
{% macro json_elements(column) %}{{ return(adapter.dispatch('json_elements', 'pipedrive')(column)) }}{% endmacro %}

{% macro default__json_elements(column) -%}
cross join lateral jsonb_array_elements(
    case when jsonb_typeof(to_jsonb({{ column }})) = 'array' then to_jsonb({{ column }}) else '[]' end
) as elements (element)
{%- endmacro %}

{% macro duckdb__json_elements(column) -%}
cross join unnest(json_extract({{ column }}, '$[*]')) as elements (element)
{%- endmacro %}

{% macro snowflake__json_elements(column) -%}
cross join lateral flatten(input => {{ column }}) as elements
{%- endmacro %}

{% macro bigquery__json_elements(column) -%}
cross join unnest(json_query_array({{ column }})) as element
{%- endmacro %}


{% macro json_element() %}{{ return(adapter.dispatch('json_element', 'pipedrive')()) }}{% endmacro %}

{% macro default__json_element() %}element{% endmacro %}

{% macro snowflake__json_element() %}elements.value{% endmacro %}


{# Text of a JSON value, or of its property `key`. #}
{% macro json_text(value, key=none) %}{{ return(adapter.dispatch('json_text', 'pipedrive')(value, key)) }}{% endmacro %}

{% macro default__json_text(value, key) -%}
{% if key %}({{ value }} ->> '{{ key }}'){% else %}({{ value }} #>> '{}'){% endif %}
{%- endmacro %}

{% macro duckdb__json_text(value, key) -%}
json_extract_string({{ value }}, '${{ "." ~ key if key }}')
{%- endmacro %}

{% macro snowflake__json_text(value, key) -%}
cast({{ value }}{{ ":" ~ key if key }} as varchar)
{%- endmacro %}

{% macro bigquery__json_text(value, key) -%}
json_value({{ value }}, '${{ "." ~ key if key }}')
{%- endmacro %}
