"""The claims of docs/coverage.md and docs/actions.md match the requests and responses of the programs.

The same as `make coverage`, with the published facts between the programs and the emulator.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import pytest

from scripts.claims import Way, of_action, reads
from scripts.inputs import ANOTHER_WAY
from scripts.proof import verdict
from scripts.proof.evidence import read_by_id, read_lists, read_signed_in, write_each
from tap_pipedrive.catalog import STREAMS
from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.names import snake
from target_pipedrive.catalog.raw_request import RAW_REQUEST
from tests.support import facts
from tests.support.gate import Gate
from tests.support.published import all_reads

pytestmark = pytest.mark.xdist_group("coverage")


@pytest.fixture(scope="module")
def old(_accounts):
    """An emulator that still implements removed operations; each use resets it."""
    return _accounts("small", "published", "--legacy")


@contextmanager
def judged(emulator, **scope):
    """URL of the checking proxy in front of the emulator."""
    gate = Gate(emulator.url)
    yield gate.url
    gate.no_problems(**scope)


@pytest.fixture(scope="module")
def live(_accounts):
    """An emulator in the observed dialect, with the removed operations."""
    return _accounts("small", "observed", "--legacy")


@pytest.fixture(scope="module")
def outputs(old, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    with judged(old) as url:
        lists, out = read_lists(old, folder, url=url)
        by_id, rows = read_by_id(old, out, url=url)
    return (lists, by_id), (out, rows)


@pytest.fixture(scope="module")
def readings(outputs):
    return outputs[0]


def test_exactly_the_claimed_reads_are_requested(readings):
    problems = list(verdict.reading_problems(*readings))
    assert not problems, "\n".join(problems)


def test_records_are_valid_and_their_keys_unique(outputs):
    assert [fault for out in outputs[1] for fault in out.faults()] == []


OF_CURRENCIES = {("deal_field_attributes", f"{name}_currency") for name in ("acv", "arr", "mrr")}
"""Rows of fields that live accounts list without an id."""
AS_RECORDED = {"GET /api/v1/dealFields", "GET /api/v1/mailbox/mailThreads"}
"""Operations whose recorded rows have other kinds than published."""


def test_live_accounts_give_the_same_rows_in_every_stream(outputs, live, tmp_path):
    gate = Gate(live.url)
    _, out = read_lists(live, tmp_path, url=gate.url)
    found = {(side, name) for side, name, fault in gate.close()[1] if "deprecated" not in fault}
    assert found == {("response", name) for name in AS_RECORDED}
    assert out.faults() == []
    given, published = (set(_keys(one)) for one in (out, outputs[1][0]))
    assert given - published == OF_CURRENCIES
    assert published - given == set()


def _keys(out):
    for stream, records in out.records.items():
        names = out.schemas[stream]["key_properties"]
        for record in records:
            yield stream, *(record[name] for name in names)


@pytest.mark.soak
def test_every_action_does_the_same_in_live_accounts(live, tmp_path):
    with judged(live, of_requests_only=True) as url:
        writings = list(write_each(live, tmp_path, url=url, full=True))
    problems = list(verdict.writing_problems(writings))
    assert not problems, "\n".join(problems)


def test_the_sign_in_is_seen(old):
    assert list(verdict.sign_in_problems(read_signed_in(old))) == []


@pytest.mark.parametrize(
    "full", [pytest.param(False, marks=pytest.mark.soak, id="required"), pytest.param(True, id="every")]
)
def test_every_action_does_what_is_claimed_with_these_columns(old, tmp_path, full):
    with judged(old, of_requests_only=True) as url:
        writings = list(write_each(old, tmp_path, url=url, full=full))
    problems = list(verdict.writing_problems(writings))
    assert not problems, "\n".join(problems)
    assert {one.action for one in writings} == {*ACTIONS, RAW_REQUEST}


def test_everything_published_and_everything_platforms_offer_is_accounted_for():
    problems = list(verdict.accounting_problems())
    assert not problems, "\n".join(problems)


def test_every_input_of_a_reading_action_is_supported_or_has_an_alternative():
    known = set()
    for action, inputs in facts.component().items():
        if not reads(action):
            continue
        services = of_action(action)
        specs = [STREAMS[service.name] for service in services]
        taken = {name for spec in specs for read in all_reads(spec) for name in read.accepted}
        by_row = any(service.way is not Way.LIST for service in services)
        fans_out = any(spec.parent or "record_ids" in spec.settings for spec in specs)
        for one in inputs:
            if snake(one) in taken or (snake(one) == "id" and (by_row or fans_out)):
                continue
            assert one in ANOTHER_WAY, f"{action} {one}"
            known.add(one)
    assert known == set(ANOTHER_WAY)


def test_what_is_claimed_and_not_seen_is_named(readings):
    lists, by_id = readings
    blind = replace(lists, seen=replace(lists.seen, answered=lists.seen.answered - {"GET /v1/currencies"}))
    assert list(verdict.reading_problems(blind, by_id)) == [
        "v1 getCurrencies: claimed of the stream currencies, but GET /v1/currencies was never requested"
    ]


def test_what_is_seen_and_not_claimed_is_named(readings):
    lists, by_id = readings
    more = replace(lists, seen=replace(lists.seen, answered=lists.seen.answered | {"GET /v1/legacyTeams"}))
    assert list(verdict.reading_problems(more, by_id)) == [
        "GET /v1/legacyTeams: requested, but not in any table"
    ]


def test_a_stream_without_a_record_is_named(readings):
    lists, by_id = readings
    empty = replace(lists, columns={name: one for name, one in lists.columns.items() if name != "currencies"})
    assert list(verdict.reading_problems(empty, by_id)) == [
        "v1 getCurrencies: claimed of the stream currencies, which wrote no record"
    ]
