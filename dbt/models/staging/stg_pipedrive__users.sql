select
    cast(id as {{ dbt.type_bigint() }}) as user_id
    , name as user_name
    , email as user_email
    , coalesce(active_flag, false) and not {{ deleted() }} as is_active
from {{ source('pipedrive', 'users') }}
