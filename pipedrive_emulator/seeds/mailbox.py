"""Mail threads of the first users in every folder, with their messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.clock import DAY_SECONDS, START, millis
from pipedrive_emulator.handlers.registry import Seed, seeder

if TYPE_CHECKING:
    from pipedrive_emulator.api.http import Row

FIRST = START - 40 * DAY_SECONDS
SUBJECTS = ("Offer", "Re: Angebot für Gehäuse", "見積もりについて", "Fwd: contract — договор", "Lunch?")
BODIES = (
    "<p>Dear all,<br>find our offer attached.</p>",
    "<div>Können wir <b>morgen</b> sprechen?</div>",
    "<p>よろしくお願いします 🙏</p>",
)
FOLDERS = (["inbox"], ["inbox", "sent"], ["sent"], ["drafts"], ["inbox"])
FOUR_MESSAGES = 4
ARCHIVED, DRAFT = 4, 3
LED_EACH = 6


def _party(number: int, name: str, email: str, person: int | None, org: int | None) -> Row:
    return {
        "id": number,
        "name": name,
        "latest_sent": False,
        "email_address": email,
        "message_time": FIRST * 1000,
        "linked_person_id": person,
        "mail_message_party_id": number + 5_000,
        "linked_organization_id": org,
    }


def _flags(place: int) -> Row:
    return {
        "read_flag": place % 2,
        "mail_tracking_status": ("opened", "not opened", None)[place % 3],
        "mail_link_tracking_enabled_flag": int(place % 3 != 0),
        "has_attachments_flag": int(place % 4 == 0),
        "has_inline_attachments_flag": 0,
        "has_real_attachments_flag": int(place % 4 == 0),
        "deleted_flag": 0,
        "synced_flag": 1,
        "smart_bcc_flag": 0,
    }


def _message(thread: Row, place: int, moment: str, sides: dict[str, list[Row]]) -> Row:
    draft = "drafts" in thread["folders"]
    body = BODIES[(thread["id"] + place) % len(BODIES)]
    sent = int(not draft and place % 2 == 1)
    return {
        **_flags(thread["id"] + place),
        **sides,
        "account_id": thread["account_id"],
        "user_id": thread["user_id"],
        "mail_thread_id": thread["id"],
        "subject": thread["subject"],
        "snippet": "Kurz gesagt: ja",
        "draft": '{"subject":"draft"}' if draft else "",
        "draft_flag": int(draft),
        "has_body_flag": 1,
        "sent_flag": sent,
        "sent_from_pipedrive_flag": sent,
        "message_time": moment,
        "add_time": moment,
        "update_time": moment,
        "body": body,
    }


def _thread(place: int, count: int, sides: dict[str, list[Row]], deal_id: int | None) -> Row:
    kind = place % len(FOLDERS)
    first, last = (millis(FIRST + place * 3_600 + n * 600) for n in (0, count - 1))
    sent = int("sent" in FOLDERS[kind])
    return {
        "parties": {"to": sides["to"], "from": sides["from"]},
        "drafts_parties": [{"to": sides["to"], "from": sides["from"]}] if kind == DRAFT else [],
        "folders": FOLDERS[kind],
        "account_id": "account-1",
        "user_id": 2 if place % 7 == 0 else 1,
        "version": 1,
        "subject": SUBJECTS[place % len(SUBJECTS)],
        "snippet": "Kurz gesagt: ja",
        "snippet_draft": "Entwurf" if kind == DRAFT else None,
        "snippet_sent": "Thank you" if sent else "",
        **_flags(place),
        "message_count": count,
        "has_draft_flag": int(kind == DRAFT),
        "has_sent_flag": sent,
        "archived_flag": int(kind == ARCHIVED),
        "shared_flag": place % 2,
        "external_deleted_flag": 0,
        "first_message_to_me_flag": int(not sent),
        "last_message_timestamp": last,
        "first_message_timestamp": first,
        "last_message_sent_timestamp": last if sent else None,
        "last_message_received_timestamp": None if FOLDERS[kind] == ["sent"] else last,
        "add_time": first,
        "update_time": last,
        "deal_id": deal_id,
        "lead_id": None,
        "all_messages_sent_flag": int(FOLDERS[kind] == ["sent"]),
    }


@seeder(36)
def mail(seed: Seed) -> None:
    """Add threads with one to four messages; two of three belong to a deal."""
    account, deals = seed.account, seed.account.table("deals").count()
    leads = [row["id"] for row in account.table("leads").all()] if seed.size != "empty" else []
    for place in range(1, seed.count(small=14, medium=250, large=2_000) + 1):
        person = account.table("persons").get(place % 28 + 1) or {}
        email = person["emails"][0]["value"] if person.get("emails") else f"guest{place}@mail.example"
        other = _party(place, person.get("name", ""), email, person.get("id"), person.get("org_id"))
        mine = _party(100_000 + place, "Mari Admin", "mari@nordwind.example", None, None)
        sides = {
            "from": [other],
            "to": [mine],
            "cc": [mine] if place % 4 == 1 else [],
            "bcc": [{**other, "id": 200_000 + place}] if place % 5 == 0 else [],
        }
        if FOLDERS[place % len(FOLDERS)] == ["sent"]:
            sides.update({"from": sides["to"], "to": sides["from"]})
        count = 1 + place % FOUR_MESSAGES
        deal_id = None if place % 3 == 0 else place * 5 % min(deals, 200) + 1
        lead_id = leads[place % len(leads)] if place % LED_EACH == 0 else None
        row = {**_thread(place, count, sides, deal_id), "lead_id": lead_id}
        thread = account.insert("mail_threads", row)
        for number in range(count):
            turned = {**sides, "from": sides["to"], "to": sides["from"]} if number % 2 else sides
            moment = millis(FIRST + place * 3_600 + number * 600)
            row = account.insert("mail_messages", _message(thread, number, moment, turned))
            link = {"message_id": row["id"], "person_id": person.get("id"), "org_id": person.get("org_id")}
            account.insert("mail_links", link)
