with labels as (
    select
        deals.deal_id
        , {{ dbt.listagg('labels.label_name', "', '", 'order by labels.label_name') }} as labels
    from (
        select deal_id, {{ json_text(json_element()) }} as label_id
        from {{ ref('stg_pipedrive__deals') }}
        {{ json_elements('label_ids') }}
    ) as deals
    inner join {{ ref('stg_pipedrive__deal_labels') }} as labels on deals.label_id = labels.label_id
    group by deals.deal_id
)

select
    deals.deal_id
    , deals.title
    , deals.status
    , deals.value
    , deals.currency
    , deals.pipeline_id
    , pipelines.pipeline_name
    , deals.stage_id
    , stages.stage_name
    , stages.stage_order
    , deals.owner_id
    , owners.user_name as owner_name
    , owners.user_email as owner_email
    , owners.is_active as owner_is_active
    , deals.organization_id
    , organizations.organization_name
    , deals.person_id
    , persons.person_name
    , labels.labels
    , coalesce(deals.probability, stages.deal_probability) as probability
    , deals.lost_reason
    , deals.origin
    , deals.is_archived
    , deals.expected_close_date
    , deals.won_date
    , deals.lost_date
    , deals.added_at
    , deals.updated_at
    , deals.won_at
    , deals.lost_at
    , deals.closed_at
    , {{ days_between('deals.added_at', 'coalesce(deals.closed_at, ' ~ as_of() ~ ')') }} as age_days
    {{- passed_columns('pipedrive_deal_columns', 'deals.') }}
from {{ ref('stg_pipedrive__deals') }} as deals
left join {{ ref('stg_pipedrive__stages') }} as stages on deals.stage_id = stages.stage_id
left join {{ ref('stg_pipedrive__pipelines') }} as pipelines on deals.pipeline_id = pipelines.pipeline_id
left join {{ ref('stg_pipedrive__users') }} as owners on deals.owner_id = owners.user_id
left join {{ ref('stg_pipedrive__organizations') }} as organizations
    on deals.organization_id = organizations.organization_id
left join {{ ref('stg_pipedrive__persons') }} as persons on deals.person_id = persons.person_id
left join labels on deals.deal_id = labels.deal_id
