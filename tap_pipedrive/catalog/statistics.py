"""Sums and rates that Pipedrive computes."""

from __future__ import annotations

from pipedrive_client import DataKind
from tap_pipedrive.catalog.fragments import OLD_DEAL
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Parent, Read, StreamSpec

_MOVED = "{count deals_ids values formatted_values}"

STREAMS = (
    StreamSpec(
        name="deals_summary",
        summary="Number and value of deals that are not archived, in each currency.",
        reads=(
            Read(
                "getDealsSummary",
                "/v1/deals/summary",
                40,
                gives=DataKind.OBJECT,
                accepts="status filter_id user_id pipeline_id stage_id",
            ),
        ),
        schema=columns(
            """
            report! status user_id pipeline_id stage_id filter_id values_total weighted_values_total
            total_count total_currency_converted_value total_weighted_currency_converted_value
            total_currency_converted_value_formatted total_weighted_currency_converted_value_formatted
            """,
            of="statistics",
        ),
        primary_keys=("report",),
        selected_by_default=False,
        settings=("statistics",),
    ),
    StreamSpec(
        name="deals_timeline",
        summary="Deals and their sums for each day, week, month or quarter.",
        reads=(
            Read(
                "getDealsTimeline",
                "/v1/deals/timeline",
                20,
                gives=DataKind.ANY,  # published as one object, for several periods
                accepts=(
                    "start_date! interval! amount! field_key! user_id pipeline_id filter_id "
                    "exclude_deals totals_convert_currency"
                ),
            ),
        ),
        schema=columns(
            f"""
            report! interval field_key user_id pipeline_id filter_id period_start! period_end
            deals:[{{id creator_user_id user_id person_id org_id {OLD_DEAL} archive_time}}]
            totals totals_converted
            """,
            of="statistics",
        ),
        primary_keys=("report", "period_start"),
        selected_by_default=False,
        settings=("statistics",),
    ),
    StreamSpec(
        name="pipeline_conversion_statistics",
        summary="Numbers of deals that moved from stage to stage of a pipeline in a period.",
        reads=(
            Read(
                "getPipelineConversionStatistics",
                "/v1/pipelines/{pipeline_id}/conversion_statistics",
                40,
                gives=DataKind.OBJECT,
                accepts="start_date! end_date! user_id",
            ),
        ),
        schema=columns(
            """
            report! pipeline_id! start_date end_date user_id stage_conversions won_conversion
            lost_conversion
            """,
            of="statistics",
        ),
        primary_keys=("report", "pipeline_id"),
        parent=Parent(stream="pipelines", context={"pipeline_id": "id"}),
        selected_by_default=False,
        settings=("statistics",),
    ),
    StreamSpec(
        name="pipeline_movement_statistics",
        summary="Deals that entered, moved in and left a pipeline in a period.",
        reads=(
            Read(
                "getPipelineMovementStatistics",
                "/v1/pipelines/{pipeline_id}/movement_statistics",
                40,
                gives=DataKind.OBJECT,
                accepts="start_date! end_date! user_id",
            ),
        ),
        schema=columns(
            f"""
            report! pipeline_id! start_date end_date user_id movements_between_stages:{{count}}
            new_deals:{_MOVED} deals_left_open:{_MOVED} won_deals:{_MOVED} lost_deals:{_MOVED}
            average_age_in_days
            """,
            of="statistics",
        ),
        primary_keys=("report", "pipeline_id"),
        parent=Parent(stream="pipelines", context={"pipeline_id": "id"}),
        selected_by_default=False,
        settings=("statistics",),
    ),
)
