select
    cast(id as {{ dbt.type_bigint() }}) as organization_id
    , name as organization_name
    , cast(owner_id as {{ dbt.type_bigint() }}) as owner_id
    , cast(add_time as {{ dbt.type_timestamp() }}) as added_at
    , cast(update_time as {{ dbt.type_timestamp() }}) as updated_at
    , {{ deleted() }} as is_deleted
    {{- passed_columns('pipedrive_organization_columns') }}
from {{ source('pipedrive', 'organizations') }}
