"""What the tap asks, and what the emulator answers, against the published description."""

from __future__ import annotations

import re

import pytest
from jsonschema import Draft202012Validator

from tap_pipedrive.catalog import STREAMS
from tests.support.gate import Gate
from tests.support.settings import ALL_STREAMS, wake
from tests.support.singer import run_tap

LIVE = [name for name, spec in STREAMS.items() if not spec.removed_on]


def nameless(operation: str) -> str:
    """An operation without the names of its placeholders, which are the catalogue's own."""
    return re.sub(r"{\w+}", "{}", operation.replace(" /v1/", " /api/v1/"))


def every_stream(emulator, folder) -> None:
    wake(emulator)
    gate = Gate(emulator.url, folder / "gate.jsonl")
    config = {**emulator.config(), **ALL_STREAMS, "api_url": gate.url, "files_dir": str(folder)}
    out = run_tap(config, *LIVE)
    summary, problems = gate.close()
    assert not problems
    assert summary["request_problems"] == summary["response_problems"] == 0
    claimed = {nameless(f"GET {read.path}") for name in LIVE for read in STREAMS[name].reads}
    assert claimed <= {nameless(operation) for operation in summary["operations"]}
    assert {name for name in LIVE if not out.records[name]} == set()
    for name in LIVE:
        schema = out.schemas[name]
        keys = [tuple(record[key] for key in schema["key_properties"]) for record in out.records[name]]
        assert len(keys) == len(set(keys)), name
        validator = Draft202012Validator(schema["schema"])
        assert not [error.message for record in out.records[name] for error in validator.iter_errors(record)][
            :3
        ]


def test_all_streams_of_the_small_account_pass_the_gate(small, tmp_path):
    every_stream(small, tmp_path)


@pytest.mark.soak
def test_all_streams_of_the_medium_account_pass_the_gate(medium, tmp_path):
    every_stream(medium, tmp_path)


@pytest.mark.parametrize("stream", ["deals", "persons", "leads"])
def test_an_incremental_run_passes_the_gate(medium, tmp_path, stream):
    first = run_tap(medium.config(), stream)
    gate = Gate(medium.url, tmp_path / "gate.jsonl")
    run_tap({**medium.config(), "api_url": gate.url}, stream, state=first.state)
    _, problems = gate.close()
    assert not problems
