with reached as (
    -- The furthest stage of each deal in each pipeline it was in. A won deal passed all of them.
    select
        deal_id
        , pipeline_id
        , max(case when outcome = 'won' then 1000000 else stage_order end) as furthest
    from {{ ref('pipedrive__deal_stage_history') }}
    where pipeline_id is not null
    group by deal_id, pipeline_id
)

, reached_by_stage as (
    select stages.stage_id, count(reached.deal_id) as deals_reached
    from {{ ref('stg_pipedrive__stages') }} as stages
    left join reached on stages.pipeline_id = reached.pipeline_id and stages.stage_order <= reached.furthest
    group by stages.stage_id
)

, stays as (
    select
        stage_id
        , count(case when outcome = 'open' then 1 end) as deals_open
        , count(case when outcome = 'won' then 1 end) as deals_won
        , count(case when outcome = 'lost' then 1 end) as deals_lost
        , count(left_at) as stays_ended
        , avg(case when left_at is not null then days_in_stage end) as average_days
        , {{ median('case when left_at is not null then days_in_stage end') }} as median_days
        , avg(case when left_at is null then days_in_stage end) as average_days_open
    from {{ ref('pipedrive__deal_stage_history') }}
    group by stage_id
)

select
    stages.stage_id
    , stages.stage_name
    , stages.stage_order
    , stages.pipeline_id
    , pipelines.pipeline_name
    , reached_by_stage.deals_reached
    , coalesce(stays.deals_open, 0) as deals_open
    , coalesce(stays.deals_won, 0) as deals_won
    , coalesce(stays.deals_lost, 0) as deals_lost
    , coalesce(stays.stays_ended, 0) as stays_ended
    , stays.average_days
    , stays.median_days
    , stays.average_days_open
from {{ ref('stg_pipedrive__stages') }} as stages
inner join {{ ref('stg_pipedrive__pipelines') }} as pipelines on stages.pipeline_id = pipelines.pipeline_id
inner join reached_by_stage on stages.stage_id = reached_by_stage.stage_id
left join stays on stages.stage_id = stays.stage_id
where not stages.is_deleted or reached_by_stage.deals_reached > 0
