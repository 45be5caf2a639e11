"""Settings with rows for every stream."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.emulator import Emulator


def wake(emulator: Emulator) -> None:
    """Change a row today, for the stream of recent changes."""
    emulator.post("/_emulator/clock", {"now": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"})
    emulator.call("PATCH", "/api/v2/stages/1", {"name": "Renamed today"})


ALL_STREAMS: dict[str, object] = {
    "searches": [
        {"stream": "deal_searches", "term": "deal"},
        {"stream": "lead_searches", "term": "lead"},
        {"stream": "person_searches", "term": "chlo"},
        {"stream": "organization_searches", "term": "Labs"},
        {"stream": "product_searches", "term": "va"},
        {"stream": "project_searches", "term": "an"},
        {"stream": "item_searches", "term": "deal"},
        {
            "stream": "item_field_searches",
            "term": "deal",
            "entity_type": "deal",
            "field": "title",
            "match": "middle",
        },
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
            "name": "since 2019",
            "period.start": "2019-01-01",
            "period.end": "2026-12-31",
        },
    ],
}
