"""Goals and their progress."""

from __future__ import annotations

from pipedrive_client import DataKind
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Parent, Read, StreamSpec

_GOAL = """
    owner_id title type:{name params:{pipeline_id:[int] activity_type_id:[int]}} assignee interval
    duration expected_outcome is_active report_ids
"""

STREAMS = (
    StreamSpec(
        name="goals",
        summary="Goals of everyone, active and past.",
        # Without one of its filters the API names the reading user's goals only; these two are all there are.
        reads=tuple(
            Read(
                "getGoals",
                "/v1/goals/find",
                20,
                records="data.goals",
                params={"expected_outcome.tracking_metric": metric, "is_active": is_active},
                accepts=(
                    "type.name title is_active assignee.id assignee.type expected_outcome.target "
                    "expected_outcome.tracking_metric expected_outcome.currency_id "
                    "type.params.pipeline_id type.params.stage_id type.params.activity_type_id "
                    "period.start period.end"
                ),
                part=f"{metric},{'active' if is_active else 'past'}",
            )
            for metric in ("quantity", "sum")
            for is_active in (True, False)
        ),
        schema=columns(f"id!:str {_GOAL}", of="goals"),
        needs="Insights",
    ),
    StreamSpec(
        name="goal_results",
        summary="Progress of a goal in a period, limited to the duration of the goal.",
        reads=(
            Read(
                "getGoalResult",
                "/v1/goals/{goal_id}/results",
                20,
                accepts="period.start! period.end!",
                gives=DataKind.OBJECT,
            ),
        ),
        schema=columns(
            f"goal_id! report! period_start:date period_end:date progress goal:{{id:str {_GOAL}}}"
        ),
        primary_keys=("goal_id", "report"),
        parent=Parent(
            stream="goals",
            context={"goal_id": "id", "period_start": "duration.start", "period_end": "duration.end"},
            within=("period.start", "period.end"),
        ),
        selected_by_default=False,
        settings=("statistics",),
        needs="Insights",
    ),
)
