"""Context that all parts of a run share: settings, client, output, and input state."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pipedrive_client import ClientSettings, ConfigError, PipedriveClient, PipedriveError, times
from pipedrive_client.fields import FIELD_LISTS, FieldDefinitions
from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.custom_fields.definitions import CurrentDefinitions
from tap_pipedrive.output.progress import Progress
from tap_pipedrive.read.full_list_interval import FullListInterval
from tap_pipedrive.read.raw_requests import RawRequest, raw_requests
from tap_pipedrive.read.requests import ConfiguredRequests
from tap_pipedrive.read.window_slots import WindowSlots
from tap_pipedrive.rows.deviations import Deviations
from tap_pipedrive.settings import FieldMode, OptionMode, UnknownColumns
from tap_pipedrive.signals import Interruption
from tap_pipedrive.state.access import AccessReport
from tap_pipedrive.state.input_state import day_cost

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping
    from datetime import datetime

    from tap_pipedrive.catalog.spec import JSON, StreamSpec
    from tap_pipedrive.output.writer import PageWriter


class TapContext:
    """Settings, client, output and state of a run.

    Settings are parsed on first use; `check` parses those that can be invalid.

    Attributes:
        config: the tap's settings.
        page_writer: writes whole pages of Singer messages.
        logger: the tap's logger.
        synced: names of the streams that this run has read or deliberately skips.
        failures: errors that end the run after every other stream was read.
        list_count: number of lists that the run reads.
        describes_all: True if all streams are described, as in `--discover`, not only the selected ones.
        undefined: entities whose denied field definitions were reported.
        interruption: the signal that stopped the run.
    """

    def __init__(self, config: Mapping[str, Any], *, page_writer: PageWriter, logger: logging.Logger) -> None:
        self.config = config
        self.page_writer = page_writer
        self.logger = logger
        self.synced: set[str] = set()
        self.failures: list[PipedriveError] = []
        self.list_count = 0
        self.describes_all = True
        self.undefined: set[str] = set()
        self.interruption = Interruption()
        self._bookmarks: Mapping[str, JSON] = {}

    def check(self) -> None:
        """Parse the settings that can be invalid.

        Raises:
            ConfigError: a setting is invalid.
        """
        _ = self.client, self.configured_requests, self.full_list_interval

    # --- collaborators --------------------------------------------------------------------------

    @cached_property
    def client(self) -> PipedriveClient:
        """The HTTP client, shared by all streams and threads."""
        client = PipedriveClient(ClientSettings.from_config(self.config))
        self.progress.watch(client)
        return client

    @cached_property
    def fields(self) -> FieldDefinitions:
        """Field definitions of the account."""
        reads = {read.path: read for spec in STREAMS.values() for read in spec.reads}
        params = {entity: reads[path].params for entity, path in FIELD_LISTS.items() if path in reads}
        return FieldDefinitions(self.client, params)

    @cached_property
    def definitions(self) -> CurrentDefinitions:
        """Field definitions for rows that need newer ones than at the start of the run."""
        return CurrentDefinitions(self.fields, self.logger)

    @cached_property
    def progress(self) -> Progress:
        """Progress output of the run."""
        return Progress(self.logger)

    @cached_property
    def access(self) -> AccessReport:
        """Denied access in this run."""
        return AccessReport(self.logger)

    @cached_property
    def specs(self) -> dict[str, StreamSpec]:
        """Streams by name: those of the catalogue and those of `raw_requests`."""
        return {**STREAMS, **{name: one.spec for name, one in self.raw_requests.items()}}

    @cached_property
    def deviations(self) -> Deviations:
        """Values and keys of this run that do not fit any column."""
        return Deviations(
            self.logger, UnknownColumns(self.config.get("unknown_columns") or UnknownColumns.WARN)
        )

    # --- settings -------------------------------------------------------------------------------

    @cached_property
    def raw_requests(self) -> dict[str, RawRequest]:
        """Setting `raw_requests`, by stream."""
        return raw_requests(self.config, STREAMS)

    @cached_property
    def configured_requests(self) -> ConfiguredRequests:
        """Requests defined by settings: record ids, parameters, searches, statistics."""
        return ConfiguredRequests(self.config, self.specs, self.start_date)

    @cached_property
    def full_list_interval(self) -> FullListInterval:
        """Setting `full_list_interval_hours`."""
        return FullListInterval(self.config, self.specs)

    @cached_property
    def field_mode(self) -> FieldMode:
        """Setting `custom_fields`."""
        return FieldMode(self.config.get("custom_fields") or FieldMode.NAMED)

    @cached_property
    def option_mode(self) -> OptionMode:
        """Setting `option_values`."""
        return OptionMode(self.config.get("option_values") or OptionMode.LABEL)

    @property
    def detect_deletes(self) -> bool:
        """Setting `detect_deletes`."""
        return bool(self.config.get("detect_deletes"))

    @property
    def sweep_interval(self) -> timedelta:
        """Setting `delete_sweep_interval_hours`."""
        hours = self.config.get("delete_sweep_interval_hours")
        return timedelta(hours=24 if hours is None else hours)

    @property
    def max_tombstone_percent(self) -> float:
        """Setting `max_tombstone_percent`."""
        percent = self.config.get("max_tombstone_percent")
        return 10.0 if percent is None else float(percent)

    @cached_property
    def window_slots(self) -> WindowSlots | None:
        """Setting `time_windows`, shared by all lists; None if each list is read page by page."""
        count = min(self.config.get("time_windows") or 1, self.client.settings.max_concurrency)
        return WindowSlots(count) if count > 1 else None

    @cached_property
    def start_date(self) -> datetime | None:
        """Setting `start_date`."""
        value = self.config.get("start_date")
        if not value:
            return None
        try:
            return times.parse(str(value))
        except ValueError as error:
            msg = (
                f"Setting start_date: {value!r} is not a valid time; "
                "expected format: 2026-01-31 or 2026-01-31T00:00:00Z."
            )
            raise ConfigError(msg) from error

    @cached_property
    def start_text(self) -> str:
        """`start_date` as RFC 3339 with whole seconds, empty if it is not set."""
        return times.to_rfc3339(self.start_date) if self.start_date else ""

    # --- state ----------------------------------------------------------------------------------

    def load_state(self, state: Mapping[str, JSON]) -> None:
        """Store the bookmarks of the input state, and count the day's tokens that it contains."""
        if cost := day_cost(state):
            self.client.budget.add_earlier(cost)
        bookmarks = state.get("bookmarks")
        self._bookmarks = bookmarks if isinstance(bookmarks, dict) else {}

    def stream_memo(self, stream: str) -> Mapping[str, JSON]:
        """Return the entry of a stream in the state that was passed to this run; empty without one."""
        memo = self._bookmarks.get(stream)
        return memo if isinstance(memo, dict) else {}

    # --- end of the run -------------------------------------------------------------------------

    def fail_at_end(self, error: PipedriveError) -> None:
        """Log an error, and raise it after the other streams were read."""
        self.logger.error("%s", error)
        self.failures.append(error)
