"""The tap: settings, client, and the streams of the catalogue."""

from __future__ import annotations

import difflib
from contextlib import nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

import click
from singer_sdk import Stream, Tap
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.tap_base import CliTestOptionValue
from typing_extensions import override

from pipedrive_client import ConfigError, PipedriveError
from pipedrive_singer.command_line import ignore_signals
from pipedrive_singer.plugin import PipedrivePlugin
from tap_pipedrive.commands import plan_table
from tap_pipedrive.context import TapContext
from tap_pipedrive.output.batches import BatchFiles
from tap_pipedrive.output.sdk_log_filter import drop_uninformative_lines
from tap_pipedrive.output.validation import RecordValidator
from tap_pipedrive.output.verdicts import verdicts
from tap_pipedrive.output.writer import PageWriter
from tap_pipedrive.read.stream_maps import check_maps
from tap_pipedrive.settings import SDK_SETTINGS, SETTINGS
from tap_pipedrive.state.input_catalog import catalog_of, checked_catalog
from tap_pipedrive.state.input_state import checked_state, state_of
from tap_pipedrive.streams.classes import stream_classes
from tap_pipedrive.streams.file_contents import FileContentsStream
from tap_pipedrive.streams.raw import RawStream
from tap_pipedrive.sync import budget_rotation as turns
from tap_pipedrive.sync.run import sync_from
from tap_pipedrive.sync.scopes import warn_of_missing_scopes
from tap_pipedrive.sync.summary import run_facts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.plugin_base import _ConfigInput

    from tap_pipedrive.streams.base import PipedriveStream


KINDS: Mapping[str, type[PipedriveStream]] = {"file_contents": FileContentsStream}
"""Streams that need code in addition to their specification."""


_RESUME = (
    "Interrupted. The last STATE line of the output, or of the target that reads it, covers the rows written "
    "so far: save it to a file and run again with --state FILE to continue. With Meltano, run the same again."
)


class TapPipedrive(PipedrivePlugin, Tap):
    """Singer tap for everything that the Pipedrive API can read."""

    name = "tap-pipedrive"
    package_name = "pipedrive-singer"
    dynamic_catalog = True
    message_writer_class = PageWriter
    config_jsonschema: ClassVar[dict[str, Any]] = {"type": "object", "properties": dict(SETTINGS)}
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
            state: Singer state in any form that `checked_state` accepts.
            catalog: Singer catalog in any form that `checked_catalog` accepts.
            **options: `config` and the other options of `singer_sdk.Tap`.

        Raises:
            ConfigError: a setting, the catalog or the state is invalid.
        """
        drop_uninformative_lines(self.logger)
        self._state_as_given = state
        super().__init__(catalog=checked_catalog(catalog), **options)
        if self.config.get("validate_records"):
            self.page_writer.validator = RecordValidator()
        self.tap_context.check()

    @cached_property
    def tap_context(self) -> TapContext:
        """Settings, client, output and state, for the streams and the sync."""
        return TapContext(self.config, page_writer=self.page_writer, logger=self.logger)

    @property
    def page_writer(self) -> PageWriter:
        """Message writer that accepts whole pages."""
        return cast("PageWriter", self.message_writer)

    def lists(self) -> list[PipedriveStream]:
        """Return the top-level streams that are selected or have selected child streams."""
        streams = cast("list[PipedriveStream]", list(self.streams.values()))
        return [
            stream
            for stream in streams
            if stream.parent_stream_type is None and (stream.selected or stream.has_selected_descendents)
        ]

    # --- the SDK's hooks --------------------------------------------------------------------------

    @classmethod
    @override
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add the SDK's settings, with stricter definitions of some."""
        super().append_builtin_config(config_jsonschema)
        config_jsonschema["properties"] |= SDK_SETTINGS

    @override
    def discover_streams(self) -> Sequence[Stream]:
        """Return all streams of the catalogue, and those of `raw_requests`."""
        self._check_catalog()
        context = self.tap_context
        kinds: dict[str, type[PipedriveStream]] = {**KINDS, **dict.fromkeys(context.raw_requests, RawStream)}
        alone = {spec.name for spec in context.specs.values() if context.configured_requests.ids(spec)}
        classes = stream_classes(context.specs, kinds, alone)
        return [made(self, context, self._sync_stream) for made in classes.values()]

    def _sync_stream(self, stream: PipedriveStream) -> None:
        sync_from(stream, self.lists())

    @override  # type: ignore[misc]  # final, but the only place to handle the end of a run
    def sync_all(self) -> None:
        """Sync all selected streams; every STATE except the last contains `under_way`.

        Raises:
            AccessDenied: access to a stream was denied, and the setting `strict_access` is on.
            RowWithoutKeyError: rows were left out, because they have no value for a key column.
        """
        self.tap_context.describes_all = False
        self.prepare_output()
        self._compare_scopes()
        if self.tap_context.client.settings.daily_token_budget is not None:
            self.page_writer.budget = self.tap_context.client.budget
        self.page_writer.under_way = True
        self.page_writer.write_state(self.state)
        try:
            self._sync()
        except OSError:
            self.page_writer.abandon()
            raise
        self.tap_context.interruption.complete = True
        denied = self.tap_context.access.error()
        if denied is not None and self.config.get("strict_access"):
            raise denied
        if error := self.tap_context.deviations.error():
            raise error

    def _compare_scopes(self) -> None:
        warn_of_missing_scopes(self.lists(), self.tap_context.client.granted_scopes(), self.logger)

    def _sync(self) -> None:
        context = self.tap_context
        try:
            super().sync_all()
        except OSError:  # from the output, so the state cannot be written either
            raise
        except BaseException:
            # Everything read so far is complete pages, and the state covers only these.
            self.page_writer.write_state(self.state, at_once=True)
            raise
        finally:
            context.access.warn(context.specs)
            context.deviations.warn()
        context.interruption.ending = True
        context.interruption.check()
        self.page_writer.under_way = False
        self.page_writer.write_state(self.state)

    def prepare_output(self) -> None:
        """Check that the records can be written, before the first request.

        Raises:
            ConfigError: the setting `batch_config` is invalid.
        """
        if self.page_writer.batches is None:
            self.page_writer.batches = BatchFiles.from_config(self.config)

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        """Load the given state, which may have forms that the SDK does not accept."""
        state_given = checked_state(self._state_as_given, self.tap_context.specs)
        self.tap_context.load_state(state_given)
        if unknown := sorted(state_given.get("bookmarks", {}).keys() - self.tap_context.specs.keys()):
            text = "The state contains streams that tap-pipedrive does not have: %s"
            self.logger.info(text, ", ".join(unknown))
        super().load_state({**state, **state_given})

    @override
    def setup_mapper(self) -> None:
        """Prepare stream maps; streams register their schema on first use."""
        check_maps(self._config, self.tap_context.specs)
        super(Tap, self).setup_mapper()

    def _check_catalog(self) -> None:
        for entry in self.input_catalog.streams if self.input_catalog else ():
            if entry.tap_stream_id not in self.tap_context.specs:
                near = difflib.get_close_matches(entry.tap_stream_id, self.tap_context.specs, n=3)
                hint = f" Did you mean {' or '.join(near)}?" if near else ""
                msg = (
                    f"The catalog contains stream {entry.tap_stream_id!r}, which tap-pipedrive does not have."
                    f"{hint} Generate a new catalog with --discover."
                )
                raise ConfigError(msg)

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Stop after the current page, so that no line is truncated; stop at once on a second signal."""
        if self.tap_context.interruption.take(signum):
            self.logger.info("Stopping after the current page; the state will be written")
            self.tap_context.client.stop()

    @override
    def run_discovery(self) -> str:
        """Print the catalog."""
        with self.tap_context.interruption.ends_requests():
            return super().run_discovery()

    @override  # type: ignore[misc]  # final, but the only place to handle a signal during --test
    def run_connection_test(self) -> bool:
        """Read some records of each stream, and print a verdict for each stream."""
        failed: dict[str, str] = {}
        complete = False
        try:
            with self.tap_context.interruption.ends_requests():
                done = super().run_connection_test()
            complete = True
        except PipedriveError as error:
            failed[error.label or ""] = str(error)
            raise
        finally:
            context = self.tap_context
            reasons = {name: str(error) for name, error in context.access.errors().items()}
            found = verdicts(
                self._streams or (),
                context.progress.counts(),
                {**context.access.marks(), **reasons},
                failed,
                complete=complete,
            )
            context.progress.verdicts(found)
        return done

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Run `--test`; its value is not the name of a stream."""
        if value not in {one.value for one in CliTestOptionValue}:
            msg = f"--test cannot select {value}: it reads every stream. Use --test or --test=schema"
            raise click.UsageError(msg)
        super().cb_test(ctx, param, value)

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        """Return the command with its options and help texts."""
        command = super().get_singer_command()
        command.help = "Read a Pipedrive account and write Singer messages to stdout."
        command.params.append(
            click.Option(
                ["--plan"],
                is_flag=True,
                help="Print the cost of a run and write no messages. Without --catalog it plans the default "
                "selection; without --state it plans a first run.",
            )
        )
        command.epilog = (
            "\b\nExamples:\n"
            "  tap-pipedrive --config config.json --discover > catalog.json\n"
            "  tap-pipedrive --config config.json --plan\n"
            "  tap-pipedrive --config config.json --state state.json | target-jsonl\n\n"
            "`tap-pipedrive check` shows the account and which selected streams can be read; `tap-pipedrive "
            "auth` authorizes an OAuth app and prints the settings to use. See --help of each.\n\n"
            "Exit codes: 0 success, 1 a request failed permanently, 2 invalid settings, catalog or state, 3 "
            "Pipedrive denied access (to a stream only with strict_access), 4 the token budget is exhausted: "
            "run again later."
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
        """Run the command line: a sync, unless `--about` or `--plan` is given."""
        super(Tap, cls).invoke(about=about, about_format=about_format)
        settings, parse_env = dict(config.config) if config else {}, bool(config and config.parse_env)
        with nullcontext() if plan else cls.summary_of(settings, parse_env=parse_env) as summary:
            tap = cls(
                config=settings,
                state=state_of(state),
                catalog=catalog_of(catalog),
                parse_env_config=parse_env,
            )
            tap.tap_context.describes_all = False
            if summary:
                summary.client, summary.facts = tap.tap_context.client, tap.facts
            try:
                with tap.tap_context.interruption.ends_requests():
                    tap.read_or_plan(plan=plan)
            finally:
                if tap.tap_context.interruption.complete:
                    ignore_signals()

    def facts(self) -> Mapping[str, object]:
        """Return the tap's part of the summary."""
        streams = self._streams or {}  # not `streams`, which would request field definitions
        return run_facts(self.tap_context, [name for name, stream in streams.items() if stream.selected])

    def read_or_plan(self, *, plan: bool) -> None:
        """Sync, or print the cost of a sync.

        Args:
            plan: True to print the cost instead.
        """
        if plan:
            self.tap_context.client.budget.lift()
        else:
            self.prepare_output()
        selected = [one for one in cast("list[PipedriveStream]", [*self.streams.values()]) if one.selected]
        for stream in selected:
            stream.check_ready()
        self.tap_context.configured_requests.warn([one.spec for one in selected], self.logger)
        if plan:
            self._compare_scopes()
            plan_table.show(self.tap_context, self.lists())
            self.tap_context.client.close()
            return
        turns.check(self.tap_context, self.lists())
        try:
            self.sync_all()
        finally:
            self.tap_context.progress.summary(self.tap_context.access.marks())
            if self.tap_context.interruption.came and not self.tap_context.interruption.complete:
                self.tap_context.progress.tell(_RESUME)
            self.tap_context.client.close()
