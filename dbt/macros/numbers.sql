{# Days between two times, with fractions. #}
{% macro days_between(first, last) -%}
(cast({{ dbt.datediff(first, last, 'second') }} as {{ pipedrive.type_double() }}) / 86400)
{%- endmacro %}

{# Median of the values of a group; an approximation on BigQuery. #}
{% macro median(value) %}{{ return(adapter.dispatch('median', 'pipedrive')(value)) }}{% endmacro %}

{% macro default__median(value) -%}
percentile_cont(0.5) within group (order by {{ value }})
{%- endmacro %}

{% macro duckdb__median(value) -%}
median({{ value }})
{%- endmacro %}

{% macro snowflake__median(value) -%}
median({{ value }})
{%- endmacro %}

{% macro bigquery__median(value) -%}
approx_quantiles({{ value }}, 2)[offset(1)]
{%- endmacro %}

{# First day of the month. #}
{% macro month_of(value) -%}
cast({{ dbt.date_trunc('month', value) }} as date)
{%- endmacro %}

{# Time at which the days of open deals are counted: the variable, or the start of the run. #}
{% macro as_of() -%}
cast('{{ var("pipedrive_as_of") or run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}' as {{ dbt.type_timestamp() }})
{%- endmacro %}

{# Type of a number with fractions; `type_float` has only 7 digits on DuckDB. #}
{% macro type_double() %}{{ return(adapter.dispatch('type_double', 'pipedrive')()) }}{% endmacro %}

{% macro default__type_double() %}double precision{% endmacro %}

{% macro bigquery__type_double() %}float64{% endmacro %}
