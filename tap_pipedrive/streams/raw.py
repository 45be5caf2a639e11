"""Streams that the setting `raw_requests` describes: any GET of the API, as the user wants its rows.

Each entry becomes a `StreamSpec` at run time, checked before the first request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_pipedrive.read.raw_requests import RawReader
from tap_pipedrive.streams.base import PipedriveStream

if TYPE_CHECKING:
    from tap_pipedrive.catalog.spec import JSON, Read

SETTINGS: dict[str, JSON] = {
    "raw_requests": {
        "type": ["array", "null"],
        "title": "Raw requests",
        "description": "Streams of your own, each a GET of the API: "
        '[{"name": "won_deals", "path": "/api/v2/deals", "params": {"status": "won"}, "paging": "cursor", '
        '"keys": ["id"], "columns": {"id": "int", "title": "str"}}]. Also taken: `headers`, `records` '
        "(dotted path of the rows, `data` by default), `page_size`, `replication_key`, `cost` (tokens), "
        "`retries` and `timeout_seconds`. Without `columns` a record is its keys, as text, and `record`, the "
        "whole row.",
        "items": {"type": "object"},
    },
}


class RawStream(PipedriveStream):
    """A stream of `raw_requests`."""

    @override
    def reader(self, read: Read) -> RawReader:
        """Reads as the entry says."""
        return RawReader(self.tap.client, self.tap.raw_requests[self.name])
