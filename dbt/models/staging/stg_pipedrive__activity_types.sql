select
    key_string as activity_type
    , name as activity_type_name
from {{ source('pipedrive', 'activity_types') }}
