select
    cast(id as {{ dbt.type_bigint() }}) as activity_id
    , subject
    , type as activity_type
    , cast(owner_id as {{ dbt.type_bigint() }}) as owner_id
    , cast(deal_id as {{ dbt.type_bigint() }}) as deal_id
    , cast(org_id as {{ dbt.type_bigint() }}) as organization_id
    , cast(person_id as {{ dbt.type_bigint() }}) as person_id
    , cast(lead_id as {{ dbt.type_string() }}) as lead_id
    , coalesce(done, false) as is_done
    , cast(due_date as date) as due_date
    , cast(marked_as_done_time as {{ dbt.type_timestamp() }}) as done_at
    , cast(add_time as {{ dbt.type_timestamp() }}) as added_at
from {{ source('pipedrive', 'activities') }}
where not {{ deleted() }}
