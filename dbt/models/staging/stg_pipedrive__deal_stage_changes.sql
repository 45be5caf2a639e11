{% if has_deal_changes() -%}
select
    cast(deal_id as {{ dbt.type_bigint() }}) as deal_id
    , cast(time as {{ dbt.type_timestamp() }}) as changed_at
    , cast(occurrence as {{ dbt.type_bigint() }}) as occurrence
    , cast(old_value as {{ dbt.type_bigint() }}) as old_stage_id
    , cast(new_value as {{ dbt.type_bigint() }}) as new_stage_id
from {{ source('pipedrive', 'deal_changes') }}
where field_key = 'stage_id' and new_value is not null and _sdc_deleted_at is null
{%- else -%}
-- The stream deal_changes was not loaded. The dependency stays, so that the lineage is the same in each run:
-- {{ source('pipedrive', 'deal_changes') }}
select
    cast(null as {{ dbt.type_bigint() }}) as deal_id
    , cast(null as {{ dbt.type_timestamp() }}) as changed_at
    , cast(null as {{ dbt.type_bigint() }}) as occurrence
    , cast(null as {{ dbt.type_bigint() }}) as old_stage_id
    , cast(null as {{ dbt.type_bigint() }}) as new_stage_id
from (select 1 as one) as nothing
where 1 = 0
{%- endif %}
