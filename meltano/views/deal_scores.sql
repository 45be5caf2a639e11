-- How promising each open deal of the pipeline "Sales" is, from 0 to 100, and who should own it: deals of people
-- who left go to the one who wins most. Plain SQL, for DuckDB and PostgreSQL alike.
with records as (
  select owner_id, avg(case when status = 'won' then 1.0 else 0.0 end) as win_rate
  from pipedrive.deals
  where status in ('won', 'lost')
  group by owner_id
),
best as (
  select records.owner_id
  from records join pipedrive.users on users.id = records.owner_id
  where users.active_flag
  order by records.win_rate desc, records.owner_id
  limit 1
)
select
  deals.id,
  round(
    0.5 * stages.deal_probability
    + 30 * coalesce(records.win_rate, 0)
    + least(2 * deals.done_activities_count, 20)
  ) as lead_score,
  case when users.active_flag then deals.owner_id else (select owner_id from best) end as owner_id
from pipedrive.deals
join pipedrive.pipelines on pipelines.id = deals.pipeline_id and pipelines.name = 'Sales'
join pipedrive.stages on stages.id = deals.stage_id
join pipedrive.users on users.id = deals.owner_id
left join records on records.owner_id = deals.owner_id
where deals.status = 'open' and not deals.is_archived
