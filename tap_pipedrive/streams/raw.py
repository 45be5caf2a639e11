"""Streams defined by the setting `raw_requests`: any GET request of the API.

Each entry becomes a `StreamSpec` at run time, checked before the first request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_pipedrive.read.raw_requests import RawReader
from tap_pipedrive.streams.base import PipedriveStream

if TYPE_CHECKING:
    from tap_pipedrive.catalog.spec import Read


class RawStream(PipedriveStream):
    """Stream of an entry of `raw_requests`."""

    HAS_WHOLE_ROWS = False

    @override
    def reader(self, read: Read) -> RawReader:
        """Return a reader for the entry."""
        return RawReader(self.tap_context.client, self.tap_context.raw_requests[self.name])
