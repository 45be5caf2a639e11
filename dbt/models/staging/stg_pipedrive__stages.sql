select
    cast(id as {{ dbt.type_bigint() }}) as stage_id
    , cast(pipeline_id as {{ dbt.type_bigint() }}) as pipeline_id
    , name as stage_name
    , cast(order_nr as {{ dbt.type_bigint() }}) as stage_order
    , deal_probability
    , cast(days_to_rotten as {{ dbt.type_bigint() }}) as days_to_rotten
    , {{ deleted() }} as is_deleted
from {{ source('pipedrive', 'stages') }}
