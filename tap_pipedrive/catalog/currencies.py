"""Currencies."""

from __future__ import annotations

from tap_pipedrive.schema import columns
from tap_pipedrive.spec import Read, StreamSpec

STREAMS = (
    StreamSpec(
        name="currencies",
        summary="Currencies known to the account, its own included.",
        reads=(Read(operation="getCurrencies", path="/v1/currencies", cost=20),),
        schema=columns("id! code name decimal_points symbol active_flag is_custom_flag"),
    ),
)
