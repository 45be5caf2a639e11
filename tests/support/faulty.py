"""Runs of the tap in this process over lists of many small pages, without waiting between retries."""

from __future__ import annotations

import io
import json
import time
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from pipedrive_client import ClientSettings, PipedriveClient, PipedriveError, SystemClock
from pipedrive_singer.command_line import exit_code
from tap_pipedrive.context import TapContext
from tap_pipedrive.tap import TapPipedrive
from tests.support.singer import Output, select

if TYPE_CHECKING:
    import threading

    from tap_pipedrive.catalog.spec import Read, StreamSpec

PAGE = 9
"""Rows per page, so that the lists of the small account have several pages."""


class ShortWaits(SystemClock):
    """Clock with waits that end immediately."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self._skipped

    def wait(self, seconds: float, event: threading.Event) -> bool:
        self._skipped += seconds
        return event.is_set()


class HurriedContext(TapContext):
    """The context of a run with small pages and short waits."""

    page = PAGE

    @cached_property
    def client(self) -> PipedriveClient:
        client = PipedriveClient(ClientSettings.from_config(self.config), clock=ShortWaits())
        self.progress.watch(client)
        return client

    @cached_property
    def specs(self) -> dict[str, StreamSpec]:
        given = super().specs
        return {name: self._small(spec) for name, spec in given.items()}

    def _small(self, spec: StreamSpec) -> StreamSpec:
        def small(read: Read) -> Read:
            return replace(read, page_size=self.page) if read.page_size else read

        return replace(spec, reads=tuple(map(small, spec.reads)))


class HurriedTap(TapPipedrive):
    """The tap with small pages and short waits."""

    page = PAGE

    @cached_property
    def tap_context(self) -> HurriedContext:
        context = HurriedContext(self.config, page_writer=self.page_writer, logger=self.logger)
        context.page = self.page
        return context


@dataclass
class Run:
    """Output and end of a run; `denied` contains the streams that the table at the end marks."""

    output: Output
    code: int
    error: str = ""
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    denied: dict[str, str] = field(default_factory=dict)


def run(
    config: dict[str, Any],
    *streams: str,
    state: dict[str, Any] | None = None,
    before: Run | None = None,
    catalog: dict[str, Any] | None = None,
    page: int = PAGE,
) -> Run:
    """Run the tap; its records are added to the tables of the previous run."""
    config = {"validate_records": True, **config}
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    found = Run(Output(), 0)
    given = before.output.states[-1] if before and before.output.states else state
    catalog = catalog or select(config, *streams)
    kind = type("Tap", (HurriedTap,), {"page": page})
    tap = kind(config=dict(config), state=json.loads(json.dumps(given)), catalog=catalog)
    try:
        with redirect_stdout(out):
            tap.sync_all()
    except PipedriveError as error:
        found.code, found.error = int(exit_code(error)), str(error)
    finally:
        tap.tap_context.client.close()
        out.flush()
    found.denied = tap.tap_context.access.marks()
    found.output = Output(msgspec.json.Decoder().decode_lines(out.buffer.getvalue()))
    found.tables = {name: dict(rows) for name, rows in (before.tables if before else {}).items()}
    for message in found.output.messages:
        if message["type"] == "SCHEMA":
            found.tables.setdefault(message["stream"], {})
        elif message["type"] == "RECORD":
            keys = found.output.schemas[message["stream"]]["key_properties"]
            key = json.dumps([message["record"][name] for name in keys])
            found.tables[message["stream"]][key] = settled(message["record"])
    return found


def rows_of(found: Run, stream: str) -> set[str]:
    """Return the keys of the rows that this run emitted, without those of earlier runs."""
    keys = found.output.schemas.get(stream, {}).get("key_properties", ())
    return {json.dumps([one[name] for name in keys]) for one in found.output.records[stream]}


def settled(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record without the time at which a delete was detected."""
    return {name: value for name, value in record.items() if name != "_sdc_deleted_at"}
