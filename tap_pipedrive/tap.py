"""The tap: settings, the client, and the streams the catalogue describes."""

from __future__ import annotations

import difflib
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

import click
from singer_sdk import Stream, Tap
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.plugin_base import _ConfigInput
from typing_extensions import override

from pipedrive_client import (
    BudgetSpent,
    ClientSettings,
    ConfigError,
    FeatureOff,
    ItemError,
    NotFound,
    PipedriveClient,
    PipedriveError,
    times,
)
from pipedrive_client.cli import ignore_signals
from pipedrive_client.fields import FIELD_LIST_COST, FIELD_LISTS, FieldDefinition, FieldRegistry
from pipedrive_client.given import check_environment, config_sentence, read_config, strange_settings
from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.commands import plan as planning
from tap_pipedrive.output.batches import BatchFiles
from tap_pipedrive.output.progress import Progress
from tap_pipedrive.output.sdk_log_filter import quiet
from tap_pipedrive.output.validation import RecordValidator
from tap_pipedrive.output.writer import PageWriter
from tap_pipedrive.read.raw_requests import RawRequest, raw_requests
from tap_pipedrive.read.reader import nothing_there
from tap_pipedrive.read.requests import Questions
from tap_pipedrive.read.time_windows import WindowSlots
from tap_pipedrive.rows.definitions import CurrentDefinitions
from tap_pipedrive.settings import SETTINGS, FieldMode, OptionMode
from tap_pipedrive.signals import Interruption
from tap_pipedrive.state.access import AccessReport, warn_of_missing_scopes
from tap_pipedrive.state.input_catalog import catalog_of, checked_catalog
from tap_pipedrive.state.input_state import checked_state, state_of
from tap_pipedrive.streams.base import PipedriveStream, stream_classes
from tap_pipedrive.streams.file_contents import FileContentsStream
from tap_pipedrive.streams.raw import RawStream
from tap_pipedrive.sync import budget_rotation as turns
from tap_pipedrive.sync.full_list_interval import FullLists

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from types import FrameType

    from singer_sdk.helpers.capabilities import CapabilitiesEnum

    from tap_pipedrive.catalog.spec import JSON, StreamSpec

KINDS: Mapping[str, type[PipedriveStream]] = {"file_contents": FileContentsStream}
"""Streams that are code besides data."""
_ALWAYS_THERE = frozenset({"deal", "person", "organization", "product"})
"""Entities that every account has."""


class TapPipedrive(Tap):
    """Reads everything Pipedrive's API can list or get."""

    name = "tap-pipedrive"
    package_name = "pipedrive-singer"
    dynamic_catalog = True
    message_writer_class = PageWriter
    config_jsonschema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": dict(SETTINGS),
    }
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
        PluginCapabilities.BATCH,
    ]

    def __init__(self, *, state: object = None, catalog: object = None, **options: Any) -> None:  # noqa: ANN401  the SDK's own options
        """Set up the tap.

        Args:
            state: Singer state in any form that `checked_state` takes.
            catalog: Singer catalog in any form that `checked_catalog` takes.
            **options: `config` and the other options of `singer_sdk.Tap`.

        Raises:
            ConfigError: a setting, the catalog or the state cannot work.
        """
        quiet(self.logger)
        if options.get("parse_env_config"):
            check_environment(self.config_jsonschema, self._env_var_prefix, parse_environment_config)
        self._state_as_given = state
        self._given_state: dict[str, Any] = {}
        self.interruption = Interruption()
        self.describes_all = True  # as a discovery does; a run or a plan needs only what it selects
        self.synced: set[PipedriveStream] = set()
        self.failures: list[PipedriveError] = []
        super().__init__(catalog=checked_catalog(catalog), **options)
        for name in strange_settings(self.config, self.config_jsonschema):
            self.logger.warning("Setting %s is not known and does nothing", name)
        if self.config.get("validate_records"):
            self.page_writer.validator = RecordValidator()
        _ = self.client, self.questions, self.full_lists  # a setting that cannot work is told at once

    # --- parts ----------------------------------------------------------------------------------

    @cached_property
    def client(self) -> PipedriveClient:
        """The only way to Pipedrive, shared by all streams and threads."""
        client = PipedriveClient(ClientSettings.from_config(self.config))
        self.progress.watch(client)
        return client

    @cached_property
    def fields(self) -> FieldRegistry:
        """Field definitions of the account."""
        reads = {read.path: read for spec in STREAMS.values() for read in spec.reads}
        params = {entity: reads[path].params for entity, path in FIELD_LISTS.items() if path in reads}
        return FieldRegistry(self.client, params)

    @cached_property
    def definitions(self) -> CurrentDefinitions:
        """Field definitions for rows that need newer ones than the run began with."""
        return CurrentDefinitions(self.fields, self.logger)

    @cached_property
    def raw_requests(self) -> dict[str, RawRequest]:
        """Setting `raw_requests`, by stream."""
        return raw_requests(self.config, STREAMS)

    @cached_property
    def specs(self) -> dict[str, StreamSpec]:
        """Every stream: those of the catalogue and those of the settings."""
        return {**STREAMS, **{name: one.spec for name, one in self.raw_requests.items()}}

    @cached_property
    def progress(self) -> Progress:
        """What the run shows."""
        return Progress(self.logger)

    @cached_property
    def access(self) -> AccessReport:
        """What the account refuses in this run."""
        return AccessReport(self.logger)

    @property
    def page_writer(self) -> PageWriter:
        """The message writer, which takes whole pages."""
        return cast("PageWriter", self.message_writer)

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
        """Setting `time_windows`, shared by all lists; None where each list is read page by page."""
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
                f"Setting start_date: {value!r} is no time; write it like 2026-01-31 or 2026-01-31T00:00:00Z."
            )
            raise ConfigError(msg) from error

    @cached_property
    def start_text(self) -> str:
        """`start_date` as RFC 3339 with whole seconds, empty when it is not set."""
        return times.to_rfc3339(self.start_date) if self.start_date else ""

    def fail_at_end(self, error: PipedriveError) -> None:
        """Let the run end with this error, after the other streams were read."""
        self.logger.error("%s", error)
        self.failures.append(error)

    def lists(self) -> list[PipedriveStream]:
        """Streams to be read in their own right, because they or a fan-out of theirs are selected."""
        streams = cast("list[PipedriveStream]", list(self.streams.values()))
        return [
            stream
            for stream in streams
            if stream.parent_stream_type is None and (stream.selected or stream.has_selected_descendents)
        ]

    def stream_memo(self, stream: str) -> Mapping[str, JSON]:
        """What the state given to this run says of a stream."""
        memo = self._given_state.get("bookmarks", {}).get(stream)
        return memo if isinstance(memo, dict) else {}

    @cached_property
    def questions(self) -> Questions:
        """What the settings ask of streams."""
        return Questions(self.config, self.specs, self.start_date)

    @cached_property
    def full_lists(self) -> FullLists:
        """Setting `full_list_interval_hours`."""
        return FullLists(self.config, self.specs)

    def field_definitions(self, stream: PipedriveStream) -> list[FieldDefinition]:
        """Custom field definitions for a stream's columns, without a request where none is due.

        Definitions cost tokens. As long as the state or the catalog remembers the columns, and no row
        has come, what is remembered is enough.
        """
        entity = stream.spec.custom_fields
        if not entity:
            return []
        if not self.fields.known(entity) and (stream.column_memo or self._passed_over(stream)):
            return []
        try:
            return self.fields.custom(entity)
        except BudgetSpent as error:
            budget = self.client.settings.daily_token_budget
            if self.page_writer.under_way or budget is None or self.client.budget.left_today == 0:
                raise
            msg = (
                f"Setting daily_token_budget: {budget} tokens are too few; to find the columns of custom "
                f"fields takes {FIELD_LIST_COST * len(FIELD_LISTS)} of them before anything is read. Give "
                "more, or a catalog, which has the columns."
            )
            raise ConfigError(msg) from error
        except NotFound as error:
            if entity in _ALWAYS_THERE:
                raise nothing_there(error) from error
            return []
        except (FeatureOff, ItemError) as error:
            self.logger.info("No custom fields for %s: %s", stream.name, error)
            return []

    def _passed_over(self, stream: PipedriveStream) -> bool:
        """Return whether the columns of a stream do not matter, because this run does not select it."""
        if self.input_catalog is None:
            return not (self.describes_all or stream.selected_by_default)
        entry = self.input_catalog.get_stream(stream.name)
        return entry is None or not (entry.metadata.root.selected if entry.metadata else True)

    # --- the SDK's hooks --------------------------------------------------------------------------

    @override
    def discover_streams(self) -> Sequence[Stream]:
        """All streams of the catalogue, and those of `raw_requests`."""
        self._check_catalog()
        kinds: dict[str, type[PipedriveStream]] = {**KINDS, **dict.fromkeys(self.raw_requests, RawStream)}
        alone = {spec.name for spec in self.specs.values() if self.questions.ids(spec)}
        return [made(tap=self) for made in stream_classes(self.specs, kinds, alone).values()]

    @override  # type: ignore[misc]  # final, yet nothing else sees the end of a run
    def sync_all(self) -> None:
        """Sync all selected streams; every STATE but the last says that more is to come.

        Raises:
            AccessRefused: a stream was refused, and the setting `strict_access` is on.
        """
        self.describes_all = False
        self.prepare_output()
        warn_of_missing_scopes(self.lists(), self.client.granted_scopes(), self.logger)
        self.page_writer.under_way = True
        self.page_writer.write_state(self.state)
        try:
            self._sync()
        except OSError:
            self.page_writer.abandon()
            raise
        self.interruption.complete = True
        refused = self.access.error()
        if refused is not None and self.config.get("strict_access"):
            raise refused

    def _sync(self) -> None:
        try:
            super().sync_all()
        except OSError:  # of the output, which takes no state either
            raise
        except BaseException:
            # All that was read until now is whole pages, and the state covers no more than these.
            self.page_writer.write_state(self.state, at_once=True)
            raise
        finally:
            self.access.warn(self.specs)
        self.interruption.ending = True
        self.interruption.check()
        self.page_writer.under_way = False
        self.page_writer.write_state(self.state)

    def prepare_output(self) -> None:
        """Make sure that the records can be written, before anything is asked.

        Raises:
            ConfigError: the setting `batch_config` cannot work.
        """
        if self.page_writer.batches is None:
            self.page_writer.batches = BatchFiles.from_config(self.config)

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        """Load the state that the tap was given, which may have forms that the SDK does not take."""
        self._given_state = checked_state(self._state_as_given, self.specs)
        if unknown := sorted(self._given_state.get("bookmarks", {}).keys() - self.specs.keys()):
            text = "The state remembers streams that tap-pipedrive does not have: %s"
            self.logger.info(text, ", ".join(unknown))
        super().load_state({**state, **self._given_state})

    @override
    def setup_mapper(self) -> None:
        """Prepare stream maps; streams register their schema when they are first used."""
        super(Tap, self).setup_mapper()

    def _check_catalog(self) -> None:
        for entry in self.input_catalog.streams if self.input_catalog else ():
            if entry.tap_stream_id not in self.specs:
                near = difflib.get_close_matches(entry.tap_stream_id, self.specs, n=3)
                hint = f" Nearest: {', '.join(near)}." if near else ""
                msg = (
                    f"The catalog names stream {entry.tap_stream_id!r}, which tap-pipedrive does not have."
                    f"{hint} Run --discover for a new catalog."
                )
                raise ConfigError(msg)

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Stop after the page in hand, so that no line and no state is torn; at once when asked twice."""
        if self.interruption.take(signum):
            self.logger.info("Stopping: the page in hand is finished and the state written")
            self.client.stop()

    @override
    def run_discovery(self) -> str:
        """Print the catalog."""
        with self.interruption.ends_requests():
            return super().run_discovery()

    @override  # type: ignore[misc]  # final, yet nothing else sees a signal that ends a trial
    def run_connection_test(self) -> bool:
        """Read some records of each stream."""
        with self.interruption.ends_requests():
            return super().run_connection_test()

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings; the SDK's own messages would show values, and with them secrets."""
        try:
            return super()._validate_config(raise_errors=raise_errors)
        except ConfigValidationError as error:
            sentence = config_sentence(self._config, self.config_jsonschema)
            raise ConfigError(sentence or "The settings do not fit their definition.") from error

    @classmethod
    @override
    def cb_config(cls, ctx: Any, param: Any, value: tuple[str, ...]) -> _ConfigInput:
        """The settings of all `--config` files; `ENV` stands for the environment."""
        found: dict[str, Any] = {}
        for path in value:
            if path != "ENV":
                found |= read_config(path)
        return _ConfigInput(config=found, parse_env="ENV" in value)

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        """The command with its options, and what stands beside it."""
        command = super().get_singer_command()
        command.help = "Read an account of Pipedrive and write Singer messages to stdout."
        command.params.append(
            click.Option(
                ["--plan"],
                is_flag=True,
                help="Print what a run would cost, and write no messages: of the default selection without "
                "--catalog, of a first run without --state.",
            )
        )
        command.epilog = (
            "`tap-pipedrive auth` lets an OAuth app in and prints the settings to use; see its --help. Exit "
            "codes: 0 all is read, 1 a request failed for good, 2 settings, catalog or state that cannot "
            "work, 3 Pipedrive refuses the account, or a stream under strict_access, 4 the token budget is "
            "spent: run again later."
        )
        return command

    @classmethod
    @override
    def invoke(  # type: ignore[override]  # the SDK narrows it the same way
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        state: Any = None,
        catalog: Any = None,
        plan: bool = False,
    ) -> None:
        """Run the command line: a sync, unless `--about` or `--plan` asks for something else."""
        super(Tap, cls).invoke(about=about, about_format=about_format)
        settings = dict(config.config) if config else {}
        # What is asked for a plan is no part of the run that it is about.
        budget = settings.pop("daily_token_budget", None) if plan else None
        tap = cls(
            config=settings,
            state=state_of(state),
            catalog=catalog_of(catalog),
            parse_env_config=bool(config and config.parse_env),
        )
        tap.describes_all = False
        try:
            with tap.interruption.ends_requests():
                tap.read_or_plan(plan=plan, budget=budget)
        finally:
            if tap.interruption.complete:
                ignore_signals()

    def read_or_plan(self, *, plan: bool, budget: int | None) -> None:
        """Sync, or print what a sync would cost.

        Args:
            plan: whether to print the cost instead.
            budget: setting `daily_token_budget` of the planned run.
        """
        if not plan:
            self.prepare_output()
        for stream in cast("list[PipedriveStream]", list(self.streams.values())):
            if stream.selected:
                stream.check_ready()
        if plan:
            given = {**self.config} if budget is None else {**self.config, "daily_token_budget": budget}
            planning.show(self, ClientSettings.from_config(given).daily_token_budget)
            self.client.close()
            return
        turns.check(self)
        try:
            self.sync_all()
        finally:
            self.progress.summary(self.access.marks())
            self.client.close()
