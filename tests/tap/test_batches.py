"""BATCH messages: records in files, with states that cover only the records in these files."""

from __future__ import annotations

import gzip
import json
import stat
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from pipedrive_client import ConfigError, ServerError
from tests.support.singer import run_tap

pytestmark = pytest.mark.dialects

STREAMS = ("deals", "persons", "stages", "deal_products")


def batched(folder, **more):
    """Settings that write files to a folder."""
    encoding = {"format": "jsonl", "compression": "gzip"}
    return {"batch_config": {"encoding": encoding, "storage": {"root": str(folder)}, **more}}


def path_of(url) -> Path:
    return Path(unquote(urlparse(url).path))


def rows_of(url):
    """Records of a file."""
    return [json.loads(line) for line in gzip.decompress(path_of(url).read_bytes()).splitlines()]


def tables(messages):
    """Records by stream and key, from RECORD and BATCH messages alike, and the last state."""
    found, keys, state = {}, {}, None
    for message in messages:
        if message["type"] == "SCHEMA":
            keys[message["stream"]] = message["key_properties"]
        elif message["type"] == "STATE":
            state = message["value"]
        else:
            stream = message["stream"]
            urls = message.get("manifest", ())
            for row in [message["record"]] if "record" in message else [r for u in urls for r in rows_of(u)]:
                found[(stream, *(row[key] for key in keys[stream]))] = row
    return found, state


def test_batch_files_contain_the_records_of_a_run_without_batches(small, tmp_path):
    plain = run_tap(small.config(), *STREAMS)
    output = run_tap(small.config(**batched(tmp_path)), *STREAMS)
    batches = [message for message in output.messages if message["type"] == "BATCH"]
    assert not output.records
    assert {message["stream"] for message in batches} == set(STREAMS)
    assert all(message["encoding"] == {"format": "jsonl", "compression": "gzip"} for message in batches)
    assert tables(output.messages)[0] == tables(plain.messages)[0]
    named = {path_of(url) for message in batches for url in message["manifest"]}
    assert named == set(tmp_path.iterdir())
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in named)


def test_a_state_follows_the_batch_files_that_it_covers(small, tmp_path):
    output = run_tap(small.config(**batched(tmp_path, batch_size=5)), "deals", "persons", "activities")
    place = [at for at, message in enumerate(output.messages) if message["type"] == "STATE"]
    assert len(place) > 3
    wanted, _ = tables(output.messages)
    for at in place:
        before, state = tables(output.messages[: at + 1])
        rest = run_tap(small.config(), "deals", "persons", "activities", state=state)
        assert before | tables(rest.messages)[0] == wanted


@pytest.mark.usefixtures("short_waits")
def test_a_run_that_fails_keeps_what_it_read(small, tmp_path):
    whole, _ = tables(run_tap(small.config(), "deals", "persons").messages)
    fault = {"operation": "GET /api/v2/persons", "every": 1, "kind": "status_before", "status": 500}
    small.post("/_emulator/faults", [fault])
    with pytest.raises(ServerError):
        run_tap(small.config(max_concurrency=1, **batched(tmp_path)), "deals", "persons")
    small.post("/_emulator/faults", [])
    before, state = tables(run_tap.last.messages)
    assert {name for name, *_ in before} == {"deals"}
    rest = run_tap(small.config(), "deals", "persons", state=state)
    assert {name for name, *_ in tables(rest.messages)[0]} == {"persons"}
    assert before | tables(rest.messages)[0] == whole


def test_mapped_records_go_to_files_too(small, tmp_path):
    maps = {"stream_maps": {"stages": {"label": "name", "__else__": None, "id": "id"}}}
    output = run_tap(small.config(**batched(tmp_path), **maps), "stages")
    (batch,) = (message for message in output.messages if message["type"] == "BATCH")
    assert {tuple(sorted(row)) for url in batch["manifest"] for row in rows_of(url)} == {("id", "label")}
    assert not output.records


@pytest.mark.parametrize(
    ("given", "facts"),
    [
        ({"encoding": {"format": "parquet"}, "storage": {"root": "/tmp"}}, ["jsonl"]),
        ({"encoding": {"format": "jsonl", "compression": "gzip"}, "storage": {}}, ["root"]),
        (
            {"encoding": {"format": "jsonl", "compression": "gzip"}, "storage": {"root": "nowhere://x/y"}},
            ["storage.root"],
        ),
        (
            {"encoding": {"format": "jsonl", "compression": "gzip"}, "storage": {"root": "/dev/null/x"}},
            ["storage.root"],
        ),
    ],
    ids=["parquet", "no root", "unknown protocol", "no folder"],
)
def test_an_unusable_storage_is_rejected_before_any_request(small, given, facts):
    small.post("/_emulator/log/clear")
    with pytest.raises(ConfigError) as refused:
        run_tap(small.config(batch_config=given))
    assert all(fact in str(refused.value) for fact in ("batch_config", *facts))
    assert small.log()["requests"] == 0
