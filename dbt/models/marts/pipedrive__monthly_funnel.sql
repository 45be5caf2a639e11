with events as (
    select {{ month_of('added_at') }} as month, pipeline_id, currency, value, 'added' as event
    from {{ ref('stg_pipedrive__deals') }}

    union all

    select {{ month_of('coalesce(won_date, cast(won_at as date))') }}, pipeline_id, currency, value, 'won'
    from {{ ref('stg_pipedrive__deals') }}
    where status = 'won'

    union all

    select {{ month_of('coalesce(lost_date, cast(lost_at as date))') }}, pipeline_id, currency, value, 'lost'
    from {{ ref('stg_pipedrive__deals') }}
    where status = 'lost'
)

, months as (
    select
        month
        , pipeline_id
        , currency
        , count(case when event = 'added' then 1 end) as deals_added
        , count(case when event = 'won' then 1 end) as deals_won
        , count(case when event = 'lost' then 1 end) as deals_lost
        , coalesce(sum(case when event = 'added' then value end), 0) as value_added
        , coalesce(sum(case when event = 'won' then value end), 0) as value_won
        , coalesce(sum(case when event = 'lost' then value end), 0) as value_lost
    from events
    group by month, pipeline_id, currency
)

select
    months.month
    , months.pipeline_id
    , pipelines.pipeline_name
    , months.currency
    , months.deals_added
    , months.deals_won
    , months.deals_lost
    , months.value_added
    , months.value_won
    , months.value_lost
    , cast(months.deals_won as {{ pipedrive.type_double() }})
    / nullif(months.deals_won + months.deals_lost, 0) as win_rate
from months
left join {{ ref('stg_pipedrive__pipelines') }} as pipelines on months.pipeline_id = pipelines.pipeline_id
