"""Singer input for the target, and the result of a run."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_pipedrive.target import TargetPipedrive

if TYPE_CHECKING:
    from pathlib import Path

Messages = list[dict[str, Any]]
RECOMPUTED = {"published": 0.0, "observed": 0.25}
"""Seconds after which the emulator has certainly computed the value of a deal, by dialect."""


def schema(
    stream: str, properties: str | list[str] | dict[str, Any], keys: tuple[str, ...] | list[str] = ()
) -> dict[str, Any]:
    """A SCHEMA message; properties given as names have no type."""
    if isinstance(properties, str):
        properties = properties.split()
    if isinstance(properties, list):
        properties = {name: {} for name in properties}
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"type": "object", "properties": properties},
        "key_properties": list(keys),
    }


def record(stream: str, **values: Any) -> dict[str, Any]:
    """A RECORD message."""
    return {"type": "RECORD", "stream": stream, "record": values}


def state(value: Any) -> dict[str, Any]:
    """A STATE message."""
    return {"type": "STATE", "value": value}


def rows(stream: str, *records: dict[str, Any], keys: tuple[str, ...] | list[str] = ()) -> Messages:
    """A SCHEMA that fits the records, and the records."""
    names = {name: {} for one in records for name in one}
    return [
        schema(stream, names, keys),
        *({"type": "RECORD", "stream": stream, "record": one} for one in records),
    ]


def adding(*entities: str) -> dict[str, Any]:
    """Settings that make every record of these streams a new row."""
    return {"streams": {name: {"entity": name, "write": "add"} for name in entities}}


def lines_of(*messages: Any) -> str:
    """Return messages and raw lines as Singer text, one per line."""
    flat = []
    for message in messages:
        flat += message if isinstance(message, list) else [message]
    return "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in flat)


@dataclass
class Run:
    """Result of a run of the target."""

    target: TargetPipedrive
    folder: Path
    rejects: Path
    states: list[Any] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    error: BaseException | None = None

    @property
    def outcomes(self) -> list[str]:
        return [one["outcome"] for one in self.results]

    @property
    def errors(self) -> list[str]:
        return [one["error"] for one in self.results if one["error"]]

    @property
    def ids(self) -> list[str]:
        return [one["id"] for one in self.results]


class Loader:
    """Run the target over messages, always with the same ledger."""

    def __init__(self, config: dict[str, Any], folder: Path) -> None:
        self.config = config
        self.folder = folder
        self.count = 0

    def __call__(self, *messages: Any, torn: int = 0, **config: Any) -> Run:
        """Run over messages; `torn` is the number of characters missing at the end of the input."""
        self.count += 1
        results = self.folder / f"results-{self.count}.jsonl"
        rejects = self.folder / f"rejects-{self.count}.singer"
        settings = {
            "ledger_path": str(self.folder / "ledger.sqlite"),
            "results_path": str(results),
            "rejects_path": str(rejects),
            **self.config,
            **config,
        }
        run = Run(TargetPipedrive(config=settings), self.folder, rejects)
        out = io.StringIO()
        with redirect_stdout(out):
            try:
                text = lines_of(*messages)
                run.target.listen(io.StringIO(text[: len(text) - torn]))
            except Exception as error:  # noqa: BLE001 - some tests are about them
                run.error = error
        run.states = [json.loads(line) for line in out.getvalue().splitlines()]
        if results.exists():
            found = [json.loads(line) for line in results.read_text().splitlines()]
            run.results = sorted(found, key=lambda one: one["record"])
        return run
