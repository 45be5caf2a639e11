"""An emulator for each test that asks, and a target to pipe into."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import urllib.request
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from target_pipedrive.target import TargetPipedrive


class Emulator:
    """A running emulator and its hooks."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "pipedrive_emulator", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.url = next(word for word in line.split() if word.startswith("http"))

    def hook(self, name: str, body=None):
        sent = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_emulator/{name}", data=sent)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def get(self, path: str):
        request = urllib.request.Request(f"{self.url}{path}", headers={"x-api-token": "emulator-token"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["data"]

    @property
    def log(self):
        return self.hook("log")

    def calls(self) -> dict[str, int]:
        return {name: entry["count"] for name, entry in self.log["operations"].items()}

    def table(self, name: str) -> list[dict]:
        found = self.hook("dump")
        found = found.get("tables", found)[name]
        return list(found.values()) if isinstance(found, dict) else found

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def shared_emulator():
    emulator = Emulator("--seed", "small", "--burst", "0")
    yield emulator
    emulator.stop()


@pytest.fixture
def emulator(shared_emulator):
    shared_emulator.hook("reset", {"seed": "small"})
    shared_emulator.hook("faults", [])
    shared_emulator.hook("limits", {"burst": 0, "daily_tokens": 10_000_000, "new_day": True})
    shared_emulator.hook("log/clear", {})
    return shared_emulator


@dataclass
class Loaded:
    """What a run of the target came to."""

    target: TargetPipedrive
    states: list[str] = field(default_factory=list)
    results: list[dict] = field(default_factory=list)
    error: BaseException | None = None
    rejects: Path | None = None

    @property
    def outcomes(self) -> list[str]:
        return [one["outcome"] for one in sorted(self.results, key=lambda one: one["record"])]

    @property
    def errors(self) -> list[str]:
        return [one["error"] for one in self.results if one["error"]]


def schema(stream: str, properties, keys=()) -> dict:
    if isinstance(properties, str):
        properties = {name: {} for name in properties.split()}
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"type": "object", "properties": properties},
        "key_properties": list(keys),
    }


def record(stream: str, **values) -> dict:
    return {"type": "RECORD", "stream": stream, "record": values}


def rows(stream: str, *records: dict, keys=(), properties=None) -> list[dict]:
    names = properties or {name: {} for one in records for name in one}
    return [
        schema(stream, names, keys),
        *({"type": "RECORD", "stream": stream, "record": one} for one in records),
    ]


@pytest.fixture
def load(emulator, tmp_path, monkeypatch):
    """Run the target over messages (or raw lines) against the emulator."""
    for name in list(os.environ):
        if name.startswith("TARGET_PIPEDRIVE"):
            monkeypatch.delenv(name)
    count = 0

    def run(*messages, **config) -> Loaded:
        nonlocal count
        count += 1
        results = tmp_path / f"results-{count}.jsonl"
        rejects = tmp_path / f"rejects-{count}.singer"
        target = TargetPipedrive(
            config={
                "api_token": "emulator-token",
                "api_url": emulator.url,
                "ledger_path": str(tmp_path / "ledger.sqlite"),
                "results_path": str(results),
                "rejects_path": str(rejects),
                **config,
            }
        )
        lines = []
        for message in messages:
            for one in message if isinstance(message, list) else [message]:
                lines.append(one if isinstance(one, str) else json.dumps(one))
        loaded = Loaded(target)
        out = io.StringIO()
        with redirect_stdout(out):
            try:
                target.listen(io.StringIO("\n".join(lines) + "\n"))
            except Exception as error:  # noqa: BLE001 - some tests are about them
                loaded.error = error
        loaded.states = out.getvalue().splitlines()
        if results.exists():
            loaded.results = [json.loads(line) for line in results.read_text().splitlines()]
        loaded.rejects = rejects
        return loaded

    return run


@pytest.fixture(name="rows")
def rows_fixture():
    return rows


@pytest.fixture(name="record")
def record_fixture():
    return record


@pytest.fixture(name="schema")
def schema_fixture():
    return schema
