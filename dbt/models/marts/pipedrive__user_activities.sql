with activities as (
    select
        owner_id
        , activity_type
        , {{ month_of('coalesce(due_date, cast(done_at as date), cast(added_at as date))') }} as month
        , is_done
        , not is_done and due_date < cast({{ as_of() }} as date) as is_overdue
        , deal_id
    from {{ ref('stg_pipedrive__activities') }}
)

select
    activities.month
    , activities.owner_id as user_id
    , users.user_name
    , activities.activity_type
    , coalesce(types.activity_type_name, activities.activity_type) as activity_type_name
    , count(*) as activities
    , count(case when activities.is_done then 1 end) as activities_done
    , count(case when activities.is_overdue then 1 end) as activities_overdue
    , count(distinct activities.deal_id) as deals
from activities
left join {{ ref('stg_pipedrive__users') }} as users on activities.owner_id = users.user_id
left join {{ ref('stg_pipedrive__activity_types') }} as types on activities.activity_type = types.activity_type
group by
    activities.month
    , activities.owner_id
    , users.user_name
    , activities.activity_type
    , coalesce(types.activity_type_name, activities.activity_type)
