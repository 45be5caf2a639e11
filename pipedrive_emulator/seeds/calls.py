"""Calls of the first users, one with a recording, and a conversion in the past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.clock import DAY_SECONDS, START, millis
from pipedrive_emulator.domains.activities.call_logs import TAKEN_OVER, new_call_log
from pipedrive_emulator.domains.leads.conversions import seeded_job
from pipedrive_emulator.handlers.registry import Seed, seeder

if TYPE_CHECKING:
    from pipedrive_emulator.api.http import Row

OLDEST = START - 90 * DAY_SECONDS
OUTCOMES = ("connected", "no_answer", "left_message", "left_voicemail", "wrong_number", "busy")
NOTES = (None, "<p>Ruft zurück</p>", "電話した")
CONVERTED_LEAD = "5b2f8a5e-0c1d-4c58-9f0b-6f3a2e1d7c49"
RECORDED_EACH, OTHER_USER_EACH, LED_EACH, MINUTE = 7, 6, 9, 60


@seeder(38)
def calls(seed: Seed) -> None:
    """Call logs, most on activities, the others on deals, leads and persons; half have no duration."""
    account = seed.account
    # An activity that became a call is done, and has the same columns.
    activities = (row for row in account.table("activities").live() if row["type"] == "call" and row["done"])
    lead: Row = next(account.table("leads").live(), {})
    for place in range(1, seed.count(small=9, medium=130, large=1_000) + 1):
        started = OLDEST + place * 5_400
        body = {
            "id": f"CA{place:030x}",
            "person_id": place % 25 + 1,
            "org_id": place % 11 + 1 if place % 2 else None,
            "deal_id": place * 2 + 1 if place % 3 else None,
            "lead_id": lead["id"] if place % LED_EACH == 0 else None,
            "subject": "Rückruf" if place % 2 else None,
            "duration": str(30 + place) if place % 2 else None,
            "outcome": OUTCOMES[place % len(OUTCOMES)],
            "from_phone_number": "+372 555 0101" if place % 3 else None,
            "to_phone_number": f"+49 30 {10_000 + place}",
            "has_recording": place % RECORDED_EACH == 0,
            "start_time": millis(started),
            "end_time": millis(started + MINUTE),
            "note": NOTES[place % len(NOTES)],
        }
        activity = next(activities, None) if place % 4 else None
        if activity is not None:
            told = ("subject", "note", *TAKEN_OVER)
            body |= {"activity_id": activity["id"], **{name: activity[name] for name in told}}
        row = account.insert("call_logs", new_call_log(body, 2 if place % OTHER_USER_EACH == 0 else 1))
        if row["has_recording"]:
            account.blobs[f"call_logs:{row['id']}"] = b"ID3" + bytes(20)


@seeder(39)
def conversions(seed: Seed) -> None:
    """Convert deal 1 from a lead, and the first lead from a deal; both sources were deleted since."""
    if seed.empty:
        return
    lead = next(seed.account.table("leads").live())
    deal = next(row for row in seed.account.table("deals").all() if row["is_deleted"])
    seed.account.update("leads", lead["id"], {"source_deal_id": deal["id"]})
    seed.account.update("deals", 1, {"source_lead_id": CONVERTED_LEAD})
    seeded_job(seed.account, "deals", deal["id"], {"lead_id": lead["id"]})
    seeded_job(seed.account, "leads", CONVERTED_LEAD, {"deal_id": 1})
