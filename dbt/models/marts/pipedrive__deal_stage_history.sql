-- A stay begins when a deal is added or moved. Deals without recorded moves have one stay: the present one.
with changes as (
    -- `occurrence` counts the changes of one second, from the oldest.
    select
        deal_id
        , changed_at
        , old_stage_id
        , new_stage_id
        , row_number() over (partition by deal_id order by changed_at, occurrence) as place
        , row_number() over (partition by deal_id order by changed_at desc, occurrence desc) as place_from_end
    from {{ ref('stg_pipedrive__deal_stage_changes') }}
)

, deals as (
    select
        deals.deal_id
        , deals.status
        , deals.stage_id
        , deals.added_at
        , deals.closed_at
        , coalesce(deals.stage_changed_at, deals.added_at) as stage_entered_at
        , first_change.old_stage_id as first_stage_id
        , last_change.new_stage_id as last_stage_id
        , last_change.changed_at as last_changed_at
    from {{ ref('stg_pipedrive__deals') }} as deals
    left join changes as first_change on deals.deal_id = first_change.deal_id and first_change.place = 1
    left join changes as last_change on deals.deal_id = last_change.deal_id and last_change.place_from_end = 1
)

, entries as (
    select deal_id, first_stage_id as stage_id, added_at as entered_at, 0 as place, 'deal_changes' as basis
    from deals
    where first_stage_id is not null

    union all

    select changes.deal_id, changes.new_stage_id, changes.changed_at, changes.place, 'deal_changes'
    from changes
    inner join deals on changes.deal_id = deals.deal_id

    union all

    -- The present stage, where the log does not end with it.
    select
        deal_id
        , stage_id
        , case when last_changed_at > stage_entered_at then last_changed_at else stage_entered_at end
        , 1000000
        , 'stage_change_time'
    from deals
    where last_stage_id is null or last_stage_id <> stage_id
)

, stays as (
    select
        entries.deal_id
        , entries.stage_id
        , entries.entered_at
        , entries.basis
        , row_number() over (partition by entries.deal_id order by entries.place) as stay_number
        , lead(entries.entered_at) over (partition by entries.deal_id order by entries.place) as next_entered_at
    from entries
)

, ended as (
    select
        stays.deal_id
        , stays.stage_id
        , stays.entered_at
        , stays.basis
        , stays.stay_number
        , stays.next_entered_at is null as is_last
        , deals.status
        , case
            when stays.next_entered_at is not null then stays.next_entered_at
            when deals.status = 'open' then null
            when deals.closed_at < stays.entered_at then stays.entered_at
            else deals.closed_at
        end as left_at
    from stays
    inner join deals on stays.deal_id = deals.deal_id
)

select
    ended.deal_id
    , ended.stay_number
    , stages.pipeline_id
    , ended.stage_id
    , stages.stage_name
    , stages.stage_order
    , ended.entered_at
    , ended.left_at
    , {{ days_between('ended.entered_at', 'coalesce(ended.left_at, ' ~ as_of() ~ ')') }} as days_in_stage
    , case when ended.is_last then ended.status else 'moved' end as outcome
    , ended.basis
from ended
left join {{ ref('stg_pipedrive__stages') }} as stages on ended.stage_id = stages.stage_id
