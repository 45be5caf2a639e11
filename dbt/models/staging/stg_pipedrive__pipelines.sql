select
    cast(id as {{ dbt.type_bigint() }}) as pipeline_id
    , name as pipeline_name
    , cast(order_nr as {{ dbt.type_bigint() }}) as pipeline_order
    , {{ deleted() }} as is_deleted
from {{ source('pipedrive', 'pipelines') }}
