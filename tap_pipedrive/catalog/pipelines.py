"""Pipelines and stages."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Read, StreamSpec

STREAMS = (
    StreamSpec(
        name="pipelines",
        summary="Pipelines in their order.",
        reads=(
            Read("getPipelines", "/api/v2/pipelines", 5, Paging.CURSOR, accepts="sort_by sort_direction"),
        ),
        single=Read("getPipeline", "/api/v2/pipelines/{id}", 1),
        schema=columns("id! name order_nr is_deleted is_deal_probability_enabled add_time update_time"),
    ),
    StreamSpec(
        name="stages",
        summary="Stages of all pipelines, with win probability and the days until deals rot.",
        reads=(
            Read(
                "getStages", "/api/v2/stages", 5, Paging.CURSOR, accepts="pipeline_id sort_by sort_direction"
            ),
        ),
        single=Read("getStage", "/api/v2/stages/{id}", 1),
        schema=columns(
            """
            id! name pipeline_id order_nr deal_probability is_deal_rot_enabled days_to_rotten is_deleted
            add_time update_time
            """
        ),
    ),
)
