"""Target class: settings, client, and the flow of Singer messages to the engine."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from singer_sdk import Target
from singer_sdk.helpers.capabilities import PluginCapabilities
from typing_extensions import override

from pipedrive_client import ClientSettings, OutputFailed, PipedriveClient
from pipedrive_client.redact import redact
from pipedrive_client.times import now
from pipedrive_singer.command_line import Exit, ignore_signals
from pipedrive_singer.files import prove_writable
from pipedrive_singer.plugin import PipedrivePlugin
from target_pipedrive.intake.lines import LineReader, NoSink
from target_pipedrive.intake.messages import Intake
from target_pipedrive.intake.progress import WriteProgress
from target_pipedrive.ledger.line_files import check_different, prove_folder
from target_pipedrive.ledger.report import lay_out
from target_pipedrive.ledger.store import Ledger
from target_pipedrive.ledger.summary import run_facts
from target_pipedrive.run.build import build_engine
from target_pipedrive.run.page import write_page_of
from target_pipedrive.run.signals import Interrupted, Interruption
from target_pipedrive.settings import Options, config_jsonschema

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

    import click
    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.plugin_base import _ConfigInput

    from target_pipedrive.run.engine import Engine


class TargetPipedrive(PipedrivePlugin, Target):
    """Singer target that writes records to Pipedrive: a stream is an action, or an entity to upsert."""

    name = "target-pipedrive"
    package_name = "pipedrive-singer"
    default_sink_class = NoSink
    config_jsonschema: ClassVar[dict[str, Any]] = config_jsonschema()
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  the SDK's own options
        """Set up the target; nothing is opened or requested before the first line.

        Raises:
            ConfigError: a setting is invalid.
        """
        self._reader = LineReader(
            self._take_line, lambda: self._intake.counts, self._check_interrupted, self._end
        )
        options["message_reader"] = self._reader
        self._interruption: Interruption | None = None
        self._progress: WriteProgress | None = None
        super().__init__(**options)
        self.options = Options.from_config(self.config)
        self._client_settings = ClientSettings.from_config(self.config)
        self._begun = False
        self._began_at = now()
        self.page_failed = False

    @classmethod
    @override
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add none of the SDK's own settings, which the target would ignore."""

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        """Return the command with its options and help texts."""
        command = super().get_singer_command()
        command.help = "Write the Singer messages on stdin to a Pipedrive account, and emit STATE to stdout."
        command.epilog = (
            "\b\nExamples:\n"
            "  target-pipedrive --config config.json --input deals.singer\n"
            "  tap-csv --config csv.json | target-pipedrive --config config.json\n\n"
            "`target-pipedrive ledger` shows and corrects the links that the target stores; "
            "`target-pipedrive check` shows the account and what can be written. See --help of each.\n\n"
            "Exit codes: 0 all records are written, 1 some records failed and are in the reject "
            "file, 2 invalid settings, 3 Pipedrive denied access, 4 the token budget is exhausted: run again "
            "later."
        )
        return command

    @cached_property
    def client(self) -> PipedriveClient:
        """Client for all requests."""
        return PipedriveClient(self._client_settings)

    @cached_property
    def engine(self) -> Engine:
        """Engine that writes the records."""
        self._prove_paths()
        host = urlsplit(self._client_settings.base_url).hostname or ""
        address = self.options.ledger
        ledger = Ledger(None if self.options.dry_run else address, account=host)
        if self.options.dry_run and not (isinstance(address, Path) and not os.path.lexists(address)):
            ledger.borrow(address)
        return build_engine(self.client, ledger, self.options, self.logger)

    def _prove_paths(self) -> None:
        """Check, before the first write, that all files of the settings can be used.

        Raises:
            ConfigError: a file cannot be used.
        """
        options = self.options
        ledger_path = options.ledger if isinstance(options.ledger, Path) else None
        page = "preview_path" if options.dry_run else "report_path"
        written = {
            "results_path": options.results_path,
            page: options.page_path,
            "rejects_path": options.rejects_path,  # a dry run fails where the real run would
        }
        if not options.dry_run:
            written["ledger_path"] = ledger_path
        check_different({"ledger_path": ledger_path, **written, "summary_path": options.summary_path})
        for setting, path in written.items():
            if path is not None:
                prove_writable(setting, path)
        if options.files_dir is not None:
            prove_folder("files_dir", options.files_dir)

    @cached_property
    def _intake(self) -> Intake:
        intake = Intake(self.engine)
        self._interruption = Interruption(self.engine.interrupt)
        self._progress = WriteProgress(self.engine, self.client)
        self._progress.begin()
        self._begun = True  # a failed start is not closed: its own error must be reported
        return intake

    def _take_line(self, line: str | bytes) -> None:
        self._intake.take(line)

    @override
    def process_endofpipe(self) -> None:
        """Wait for all records, show the final table, and close."""
        if not self._begun:
            return
        try:
            self._check_interrupted()
            if self._progress is not None:
                self._progress.input_ended()
            self.engine.finish()
        finally:
            self._end()

    def _end(self) -> None:
        """Close, and exit with the signal's code if a signal was received before everything was durable."""
        self._close()
        if self._interruption is not None:
            self._interruption.close()
        self._check_interrupted()

    def _close(self) -> None:
        """Record the finished tasks and show the results, once."""
        if not self._begun:
            return
        self._begun = False
        engine = self.engine
        if self._progress is not None:
            self._progress.end()
        if self._interruption is not None and self._interruption.came:
            self.logger.info("Stopping: waiting for requests in progress and recording their results")
        engine.writer.stop_waiting()
        engine.close()
        for stream, why, count in engine.report.faults_of_streams:
            self.logger.error("Stream %s: %s failed: %s", stream, _records(count), redact(why))
        for stream, count in self._intake.ignored().items():
            self.logger.info("Ignored %s of stream %s, which is not written", _records(count), stream)
        head = "Would have written (dry run)" if self.options.dry_run else "Written"
        notes = (*engine.report.created(), *engine.report.not_taken(), *engine.report.kept())
        notes += tuple(engine.report.duplicates(only_last=self.options.on_duplicate_key == "last"))
        self.logger.info("%s:\n%s", head, "\n".join((lay_out(engine.table()), *notes)))
        if engine.report.failures and engine.report.rejects.written:
            self.logger.error(
                "%s failed. The reasons are in %s; fix the records there and pipe that file into the "
                "target again",
                _records(engine.report.failures),
                engine.report.rejects.path,
            )
        if engine.unfinished and not self.options.dry_run:
            self.logger.warning(
                "%s read but not processed. Run again with the same input or from the last STATE; the ledger "
                "prevents duplicate writes",
                _records(engine.unfinished),
            )
        self._write_page()
        self.client.close()

    def _write_page(self) -> None:
        """Write the HTML file of the run; a failure is logged, as the run itself has ended."""
        host = urlsplit(self._client_settings.base_url).hostname or ""
        try:
            write_page_of(
                self.engine,
                self.client.usage,
                account=host,
                began_at=self._began_at,
                error=sys.exception(),
            )
        except OutputFailed as error:
            self.page_failed = True
            self.logger.error("%s", error)  # noqa: TRY400 - a sentence for people, without a traceback
        else:
            if self.options.page_path is not None:
                self.logger.info("Open %s in a browser to see the changes", self.options.page_path)

    @override
    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        raise NotImplementedError

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """End the run: calls in progress are finished and recorded; a second signal exits immediately.

        A signal after all records are durable has no effect. The main thread does the rest as soon as it
        holds no lock; a signal handler can run at any point.
        """
        if self._interruption is None:  # nothing has begun
            raise Interrupted(signum)
        if self.engine.settled:
            return
        self._interruption.by(signum)
        if self._reader.reading:
            self._check_interrupted()

    def _check_interrupted(self) -> None:
        """Raise the exit of a signal, unless it was received too late to stop anything."""
        if self._interruption is not None and not self.engine.settled:
            self._interruption.check()

    @classmethod
    @override
    def invoke(  # type: ignore[override]  # the SDK narrows it the same way
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        file_input: IO[str] | None = None,
    ) -> None:
        """Run the command line: a load, or the output of `--about`."""
        super(Target, cls).invoke(about=about, about_format=about_format)
        settings, parse_env = dict(config.config) if config else {}, bool(config and config.parse_env)
        with cls.summary_of(settings, parse_env=parse_env) as summary:
            target = cls(config=settings, parse_env_config=parse_env)
            summary.client, summary.facts = target.client, target.facts
            target.listen(file_input)
            ignore_signals()
            if target.engine_failures or target.page_failed:
                raise SystemExit(Exit.FAILED)

    def facts(self) -> Mapping[str, object]:
        """Return the target's part of the summary."""
        if "engine" not in self.__dict__:
            return {"dry_run": self.options.dry_run}
        engine = self.engine
        return run_facts(
            engine.report, self.client.usage, engine.writer.planned_tokens, dry_run=self.options.dry_run
        )

    @property
    def engine_failures(self) -> int:
        """Records that failed; 0 when nothing was read."""
        return self.engine.report.failures if "engine" in self.__dict__ else 0


def _records(count: int) -> str:
    return f"{count} record{'' if count == 1 else 's'}"
