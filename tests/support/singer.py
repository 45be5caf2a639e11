"""Runs of a plugin in this process, with its Singer messages."""

from __future__ import annotations

import io
import json
from collections import Counter, defaultdict
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import msgspec
from jsonschema import Draft202012Validator

from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.tap import TapPipedrive


@dataclass
class Output:
    """Messages of one run."""

    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def records(self) -> dict[str, list[dict[str, Any]]]:
        """Records by stream, in the order they were written."""
        found = defaultdict(list)
        for message in self.messages:
            if message["type"] == "RECORD":
                found[message["stream"]].append(message["record"])
        return found

    @property
    def schemas(self) -> dict[str, dict[str, Any]]:
        """The last SCHEMA message of each stream."""
        return {message["stream"]: message for message in self.messages if message["type"] == "SCHEMA"}

    @property
    def states(self) -> list[dict[str, Any]]:
        return [message["value"] for message in self.messages if message["type"] == "STATE"]

    @property
    def state(self) -> dict[str, Any]:
        """Last state, as stored by a loader."""
        return self.states[-1]

    def latest(self, stream: str, key: str = "id") -> dict[Any, dict[str, Any]]:
        """Return the final table of a loader: the last record of each key."""
        return {record[key]: record for record in self.records[stream]}

    def faults(self) -> list[str]:
        """Return records that violate their SCHEMA, and repeated keys of a stream."""
        found = []
        for name, records in self.records.items():
            message = self.schemas[name]
            keys = Counter(tuple(record[key] for key in message["key_properties"]) for record in records)
            found += [f"{name}: key {key} stands {count} times" for key, count in keys.items() if count > 1]
            errors = Draft202012Validator(message["schema"]).iter_errors
            found += [f"{name}: {error.message[:200]}" for record in records for error in errors(record)]
        return found


WITHOUT_EFFECT = frozenset(
    (
        "daily_token_budget",
        "delete_sweep_interval_hours",
        "files_dir",
        "full_list_interval_hours",
        "max_concurrency",
        "max_tombstone_percent",
        "run_token_budget",
        "start_date",
        "strict_access",
        "time_windows",
        "validate_records",
    )
)
"""Settings without effect on a catalog."""
_discovered: dict[str, dict[str, bytes]] = {}


def discover(tap_config: dict[str, Any]) -> dict[str, Any]:
    """Return the catalog of a discovery, cached by settings, so it may be slightly outdated in later runs."""
    return {"streams": [msgspec.json.decode(text) for text in _streams_of(tap_config).values()]}


def _streams_of(tap_config: dict[str, Any]) -> dict[str, bytes]:
    """Return the JSON of each stream of a discovery; decoding all takes as long as a short run."""
    telling = {name: value for name, value in tap_config.items() if name not in WITHOUT_EFFECT}
    key = json.dumps(telling, sort_keys=True, default=str)
    if key not in _discovered:
        tap = TapPipedrive(config=dict(tap_config), setup_mapper=False)
        streams = json.loads(tap.catalog_json_text)["streams"]
        _discovered[key] = {entry["tap_stream_id"]: msgspec.json.encode(entry) for entry in streams}
        tap.tap_context.client.close()
    return _discovered[key]


def select(tap_config: dict[str, Any], *streams: str) -> dict[str, Any]:
    """Return a catalog that selects just these streams; of streams not involved it has no columns."""
    involved = {*streams}
    for name in streams:
        while name in STREAMS and (parent := STREAMS[name].parent):
            involved.add(name := parent.stream)
    entries = []
    for name, text in _streams_of(tap_config).items():
        entry = msgspec.json.decode(text if name in involved else _bare(text))
        (root,) = (item for item in entry["metadata"] if not item["breadcrumb"])
        root["metadata"]["selected"] = name in streams
        entries.append(entry)
    return {"streams": entries}


@cache
def _bare(text: bytes) -> bytes:
    """Return the JSON of a catalog's stream without its columns."""
    entry = msgspec.json.decode(text)
    root = [item for item in entry["metadata"] if not item["breadcrumb"]]
    return msgspec.json.encode({**entry, "metadata": root, "schema": {"type": "object", "properties": {}}})


def run_tap(
    config: dict[str, Any],
    *streams: str,
    state: dict[str, Any] | None = None,
    catalog: dict[str, Any] | None = None,
) -> Output:
    """Run the tap and check its output against its SCHEMA; `streams` selects, the default otherwise."""
    config = {"validate_records": True, **config}
    if streams and catalog is None:
        catalog = select(config, *streams)
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    tap = TapPipedrive(config=dict(config), state=json.loads(json.dumps(state)), catalog=catalog)
    try:
        with redirect_stdout(out):
            tap.sync_all()
    finally:
        tap.tap_context.client.close()
        out.flush()
        run_tap.last = Output(msgspec.json.Decoder().decode_lines(out.buffer.getvalue()))
    return run_tap.last
