"""A tap written as in the SDK's tutorial, for the same list: the baseline for the cost of a record."""

from __future__ import annotations

from typing import Any, ClassVar

import requests
from singer_sdk import RESTStream, Tap
from singer_sdk.authenticators import APIKeyAuthenticator
from singer_sdk.pagination import JSONPathPaginator

from tap_pipedrive.catalog import STREAMS


class Deals(RESTStream[str]):
    """Deals, with the defaults of the SDK."""

    name = "deals"
    path = "/api/v2/deals"
    primary_keys: ClassVar[list[str]] = ["id"]  # type: ignore[misc]  # a plain attribute is the tutorial's way
    replication_key = "update_time"
    records_jsonpath = "$.data[*]"
    schema: ClassVar[dict[str, Any]] = {  # type: ignore[misc]  # the same
        "type": "object",
        "properties": dict(STREAMS["deals"].schema),
    }

    def __init__(self, tap: Tap) -> None:
        """Declare the account's custom fields by their keys."""
        response = requests.get(
            f"{tap.config['api_url']}/api/v2/dealFields",
            params={"limit": 500},
            headers={"x-api-token": tap.config["api_token"]},
            timeout=60,
        )
        custom = [row["field_code"] for row in response.json()["data"] if row["is_custom_field"]]
        columns = {key: {"type": ["object", "array", "string", "number", "null"]} for key in custom}
        properties = {**self.schema["properties"], **columns}
        super().__init__(tap, schema={"type": "object", "properties": properties})

    def post_process(self, row: dict[str, Any], context: Any = None) -> dict[str, Any]:  # noqa: ARG002  the SDK's signature
        """Return the row with its custom fields next to the other columns."""
        return {**row, **row.pop("custom_fields")}

    @property
    def url_base(self) -> str:
        """The emulator's address."""
        return str(self.config["api_url"])

    @property
    def authenticator(self) -> APIKeyAuthenticator:
        """The token, as a header."""
        return APIKeyAuthenticator(key="x-api-token", value=str(self.config["api_token"]), location="header")

    def get_new_paginator(self) -> JSONPathPaginator:
        """Follow the cursor."""
        return JSONPathPaginator("$.additional_data.next_cursor")

    def get_url_params(self, context: Any, next_page_token: str | None) -> dict[str, Any]:  # noqa: ARG002  the SDK's signature
        """Return the parameters that tap-pipedrive sends."""
        params = {**STREAMS["deals"].reads[0].params, "limit": 500, "sort_by": "update_time"}
        return {**params, "cursor": next_page_token} if next_page_token else params


class PlainTap(Tap):
    """Tap with one stream."""

    name = "tap-plain"
    config_jsonschema: ClassVar[dict[str, Any]] = {
        "properties": {"api_url": {"type": "string"}, "api_token": {"type": "string"}}
    }

    def discover_streams(self) -> list[Deals]:
        """Return the one stream."""
        return [Deals(self)]


if __name__ == "__main__":
    PlainTap.cli()
