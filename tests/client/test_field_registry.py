"""Field definitions: read once per run, in parallel with other requests, without a deadlock."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from pipedrive_client import ClientSettings, FeatureOff, NotFound, PipedriveClient, Rejected
from pipedrive_client.fields import FieldDefinitions

FIELDS = "GET /api/v2/dealFields"


def asked(small) -> int:
    return small.requests().get(FIELDS, 0)


@pytest.fixture
def client(small):
    settings = ClientSettings.from_config(small.config(max_concurrency=1))
    with PipedriveClient(settings) as one:
        yield one


def test_what_was_begun_is_what_is_found(small, client):
    fields = FieldDefinitions(client)
    assert not fields.known("deal")
    fields.begin("deal")
    fields.begin("deal")
    rows = fields.rows("deal")
    assert {row["field_code"] for row in rows} >= {"title", "value"}
    assert fields.rows("deal") is rows
    assert fields.known("deal")
    assert asked(small) == 1
    fields.forget("deal")
    assert not fields.known("deal")
    assert fields.rows("deal") == rows
    assert asked(small) == 2


def test_a_thread_does_not_wait_for_what_waits_for_it(small, client):
    """The client's only thread starts a read that needs a thread, and waits for it."""
    fields = FieldDefinitions(client)

    def begun_and_asked():
        fields.begin("deal")
        return fields.rows("deal")

    assert client.begin(begun_and_asked).result(timeout=30)
    assert asked(small) == 1


def test_definitions_can_be_checked_while_another_thread_takes_over_reading_them(client):
    """The client's only thread is busy, so the caller that needs the definitions reads them itself."""
    busy, asker, told = threading.Event(), [], []
    client.begin(partial(busy.wait, 30))
    fields = FieldDefinitions(client)
    fields.begin("deal")

    def taken_over(_):
        asker.append(threading.Thread(target=lambda: told.append(fields.known("deal"))))
        asker[0].start()
        asker[0].join(timeout=0.2)  # as good as always enough for it to come between the two steps
        busy.set()

    fields._found["deal"].add_done_callback(taken_over)
    assert fields.rows("deal")
    asker[0].join(timeout=30)
    assert told in ([False], [True])


def test_many_who_ask_at_once_share_one_request(small):
    with PipedriveClient(ClientSettings.from_config(small.config(max_concurrency=8))) as client:
        fields = FieldDefinitions(client)
        found = [client.begin(partial(fields.rows, "deal")) for _ in range(8)]
        assert len({id(one.result(timeout=30)) for one in found}) == 1
    assert asked(small) == 1


@pytest.mark.parametrize(("status", "error", "times"), [(404, NotFound, 1), (400, Rejected, 2)])
def test_what_is_not_there_is_requested_once_and_what_failed_again(small, client, status, error, times):
    fault = {"operation": FIELDS, "kind": "status_before", "status": status}
    small.post("/_emulator/faults", [fault])
    fields = FieldDefinitions(client)
    fields.begin("deal")
    for _ in range(2):
        with pytest.raises(error):
            fields.rows("deal")
        assert not fields.known("deal")
    assert asked(small) == times


def test_the_error_of_a_feature_that_is_off_is_kept_too(client, monkeypatch):
    calls = []

    def off(*_, **__):
        calls.append(1)
        msg = "off"
        raise FeatureOff(msg)

    monkeypatch.setattr(client, "pages", off)
    fields = FieldDefinitions(client)
    for _ in range(2):
        with pytest.raises(FeatureOff):
            fields.rows("project")
    assert calls == [1]
