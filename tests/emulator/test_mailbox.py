"""The mailbox: threads by folder, messages, and mail on records."""

from __future__ import annotations

import pytest
import requests

from tests.emulator.checked import Checked


@pytest.fixture
def call(ask):
    return Checked(ask)


def _threads(call, folder):
    return call.data("v1:getMailThreads", query={"folder": folder}) or []


@pytest.mark.parametrize("folder", ["inbox", "drafts", "sent", "archive"])
def test_every_folder_contains_threads_of_the_own_mailbox(call, folder):
    rows = _threads(call, folder)
    assert rows
    assert {row["user_id"] for row in rows} == {1}
    assert {bool(row["archived_flag"]) for row in rows} == {folder == "archive"}
    call.refused("v1:getMailThreads", 400)
    call.refused("v1:getMailThreads", 400, query={"folder": "spam"})


def test_the_last_page_of_threads_may_be_short(call):
    rows = _threads(call, "inbox")
    pages = [
        call.data("v1:getMailThreads", query={"folder": "inbox", "start": n, "limit": 1}) for n in (0, 1)
    ]
    assert [page[0]["id"] for page in pages] == [row["id"] for row in rows[:2]]


def test_messages_of_a_thread_and_their_bodies(call):
    thread = next(row for row in _threads(call, "inbox") if row["message_count"] > 1)
    rows = call.data("v1:getMailThreadMessages", id=thread["id"])
    assert len(rows) == thread["message_count"]
    plain = call("v1:getMailMessage", id=rows[0]["id"])
    assert (plain["service"], "body" in plain["data"]) == ("email-api", False)
    body = call.data("v1:getMailMessage", id=rows[0]["id"], query={"include_body": 1})["body"]
    assert requests.get(plain["data"]["body_url"], timeout=10).text == body != ""


def test_mail_of_records(call):
    thread = next(row for row in _threads(call, "inbox") if row["deal_id"])
    deal = call.data("v1:getDealMailMessages", id=thread["deal_id"], query={"include_body": 1})
    assert thread["id"] in {row["data"]["mail_thread_id"] for row in deal}
    assert all(row["data"]["body"] for row in deal)
    person = thread["parties"]["from"][0]["linked_person_id"]
    of_person = call.data("v1:getPersonMailMessages", id=person)
    assert thread["id"] in {row["data"]["mail_thread_id"] for row in of_person}
    counted = call.data("v2:getPerson", id=person, query={"include_fields": "email_messages_count"})
    assert counted["email_messages_count"] == len(of_person)
    org = call.data("v2:getPerson", id=person)["org_id"]
    if org:
        assert call.data("v1:getOrganizationMailMessages", id=org)


def test_a_thread_is_archived_moved_and_deleted(call):
    thread = _threads(call, "inbox")[0]
    changed = call.data(
        "v1:updateMailThreadDetails", id=thread["id"], form={"archived_flag": 1, "deal_id": 2}
    )
    assert (changed["archived_flag"], changed["deal_id"], changed["deal_status"]) == (
        1,
        2,
        changed["deal_status"],
    )
    assert thread["id"] in {row["id"] for row in _threads(call, "archive")}
    assert thread["id"] not in {row["id"] for row in _threads(call, "inbox")}
    call.refused("v1:updateMailThreadDetails", 400, id=thread["id"], form={"deal_id": 9999})
    draft = _threads(call, "drafts")[0]
    call.refused("v1:updateMailThreadDetails", 400, id=draft["id"], form={"archived_flag": 1})
    messages = call.data("v1:getDealMailMessages", id=2)
    assert call.data("v1:deleteMailThread", id=thread["id"]) == {"id": thread["id"]}
    call.refused("v1:getMailThread", 404, id=thread["id"])
    assert len(call.data("v1:getDealMailMessages", id=2) or []) == len(messages) - thread["message_count"]


def test_threads_of_others_are_hidden(call):
    other = next(row for row in call.ask.tables()["mail_threads"] if row["user_id"] == 2)
    call.refused("v1:getMailThread", 404, id=other["id"])
