select
    cast(id as {{ dbt.type_bigint() }}) as deal_id
    , title
    , status
    , cast(value as {{ dbt.type_numeric() }}) as value
    , currency
    , cast(pipeline_id as {{ dbt.type_bigint() }}) as pipeline_id
    , cast(stage_id as {{ dbt.type_bigint() }}) as stage_id
    , cast(owner_id as {{ dbt.type_bigint() }}) as owner_id
    , cast(creator_user_id as {{ dbt.type_bigint() }}) as creator_user_id
    , cast(org_id as {{ dbt.type_bigint() }}) as organization_id
    , cast(person_id as {{ dbt.type_bigint() }}) as person_id
    , probability
    , lost_reason
    , origin
    , label_ids
    , coalesce(is_archived, false) as is_archived
    , cast(expected_close_date as date) as expected_close_date
    , cast(local_won_date as date) as won_date
    , cast(local_lost_date as date) as lost_date
    , cast(add_time as {{ dbt.type_timestamp() }}) as added_at
    , cast(update_time as {{ dbt.type_timestamp() }}) as updated_at
    , cast(stage_change_time as {{ dbt.type_timestamp() }}) as stage_changed_at
    , cast(won_time as {{ dbt.type_timestamp() }}) as won_at
    , cast(lost_time as {{ dbt.type_timestamp() }}) as lost_at
    , cast(close_time as {{ dbt.type_timestamp() }}) as closed_at
    {{- passed_columns('pipedrive_deal_columns') }}
from {{ source('pipedrive', 'deals') }}
where not {{ deleted() }}
