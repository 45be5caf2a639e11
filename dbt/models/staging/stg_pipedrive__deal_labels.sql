-- The options of the field that contains the labels of deals.
select
    {{ json_text(json_element(), 'id') }} as label_id
    , {{ json_text(json_element(), 'label') }} as label_name
from {{ source('pipedrive', 'deal_fields') }}
{{ json_elements('options') }}
where field_code = 'label_ids'
