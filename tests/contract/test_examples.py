"""The published example of every read, served unchanged: the tap writes it, complete and valid."""

from __future__ import annotations

import re

import pytest
from jsonschema import Draft202012Validator

from scripts.proof.evidence import one_id_each
from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.rows.shapes import SHAPES
from tests.support.published import all_reads, example, served
from tests.support.settings import ALL_STREAMS
from tests.support.singer import run_tap

HASH = re.compile(r"[0-9a-f]{40}")
WITHOUT_EXAMPLE = {"downloadFile"}
"""Reads that no example is published of."""
LIVE = [spec for spec in STREAMS.values() if not spec.removed_on]
EMPTY = (None, [], {})
pytestmark = pytest.mark.xdist_group("examples")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Output of the tap for all lists, and for single rows by id."""
    with served() as url:
        config = {"api_token": "0" * 40, "api_url": url, "files_dir": str(tmp_path_factory.mktemp("files"))}
        lists = run_tap({**config, **ALL_STREAMS}, *(spec.name for spec in LIVE))
        ids = one_id_each(lists)
        return lists, run_tap({**config, "record_ids": ids}, *ids)


def rows_of(spec, read):
    """Rows of the example, after their shape."""
    value = example(read)
    for name in read.records.split("."):
        value = value[name]
    if spec.shape:
        return list(SHAPES[spec.shape](value, {}))
    return [value] if isinstance(value, dict) else list(value)


@pytest.mark.parametrize("spec", LIVE, ids=lambda spec: spec.name)
def test_every_example_gives_records_without_loss(runs, spec):
    for read in all_reads(spec):
        if read.operation in WITHOUT_EXAMPLE:
            continue
        out = runs[read is spec.single and read not in spec.reads]
        records = out.records[spec.name]
        assert records, read.operation
        validator = Draft202012Validator(out.schemas[spec.name]["schema"])
        assert [error.message[:200] for one in records for error in validator.iter_errors(one)] == []
        for row in rows_of(spec, read):
            shown = {name for name, value in row.items() if value not in EMPTY and not HASH.match(name)}
            written = [set(one) - {name for name, value in one.items() if value in EMPTY} for one in records]
            lost = min((shown - one for one in written), key=len)
            assert lost <= {"custom_fields"}, read.operation


def test_only_downloads_have_no_example():
    named = {read.operation for spec in LIVE for read in all_reads(spec) if example(read) is None}
    assert named == WITHOUT_EXAMPLE
