"""Settings that give every stream something to read."""

from __future__ import annotations

ALL_STREAMS: dict[str, object] = {
    "searches": [
        {"stream": "deal_searches", "term": "deal"},
        {"stream": "lead_searches", "term": "lead"},
        {"stream": "person_searches", "term": "mar"},
        {"stream": "organization_searches", "term": "en"},
        {"stream": "product_searches", "term": "va"},
        {"stream": "project_searches", "term": "an"},
        {"stream": "item_searches", "term": "deal"},
        {"stream": "item_field_searches", "term": "deal", "entity_type": "deal", "field": "title"},
        {"stream": "user_searches", "term": "mari"},
    ],
    "statistics": [
        {"stream": "deals_summary", "name": "all deals"},
        {
            "stream": "deals_timeline",
            "name": "2026 by month",
            "start_date": "2026-01-01",
            "interval": "month",
            "amount": 6,
            "field_key": "add_time",
        },
        {
            "stream": "pipeline_conversion_statistics",
            "name": "2025",
            "start_date": "2025-01-01",
            "end_date": "2025-12-31",
        },
        {
            "stream": "pipeline_movement_statistics",
            "name": "2025",
            "start_date": "2025-01-01",
            "end_date": "2025-12-31",
        },
        {
            "stream": "goal_results",
            "name": "2026",
            "period.start": "2026-01-01",
            "period.end": "2026-12-31",
        },
    ],
}
