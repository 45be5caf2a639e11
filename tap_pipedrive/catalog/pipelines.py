"""Pipelines and stages."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.schema import columns
from tap_pipedrive.spec import Read, StreamSpec

STREAMS = (
    StreamSpec(
        name="pipelines",
        summary="Pipelines in their order.",
        reads=(
            Read(
                operation="getPipelines",
                path="/api/v2/pipelines",
                cost=5,
                paging=Paging.CURSOR,
                page_size=500,
            ),
        ),
        single=Read(operation="getPipeline", path="/api/v2/pipelines/{id}", cost=1),
        schema=columns("id! name order_nr is_deleted is_deal_probability_enabled add_time update_time"),
    ),
    StreamSpec(
        name="stages",
        summary="Stages of all pipelines, with probability and rotting.",
        reads=(
            Read(operation="getStages", path="/api/v2/stages", cost=5, paging=Paging.CURSOR, page_size=500),
        ),
        single=Read(operation="getStage", path="/api/v2/stages/{id}", cost=1),
        schema=columns(
            """
            id! name pipeline_id order_nr deal_probability is_deal_rot_enabled days_to_rotten is_deleted
            add_time update_time
            """
        ),
    ),
)
