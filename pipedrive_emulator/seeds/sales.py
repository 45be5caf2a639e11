"""Rows of the sales entities: each function gets the row's position and its variable values.

The varying values are real ones for small accounts, and slot marks for rows that are generated when read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.account.clock import day
from pipedrive_emulator.domains.deals.deal_value import line_sum
from pipedrive_emulator.domains.files.files import file_row
from pipedrive_emulator.domains.products.products import ONE_TIME, full_price
from pipedrive_emulator.seeds import words
from pipedrive_emulator.seeds.custom_fields import values

if TYPE_CHECKING:
    import random

    from pipedrive_emulator.api.http import Row

CURRENCIES = ("EUR", "EUR", "USD", "GBP", "JPY")
STAGES = ((1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 2), (7, 2), (8, 2), (9, 3), (10, 3), (11, 3))
TYPES = ("call", "meeting", "task", "deadline", "email", "lunch", "site_visit")
DELETED_EACH = 29
ARCHIVED_EACH = 17
LED_EACH = 13
SMALL_DELETED = 8
EPOCH_DAY = 1_780_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """State that the row generators share: random numbers, and the custom fields by entity."""

    chance: random.Random
    fields: dict[str, dict[str, Row]] = field(default_factory=dict)

    def _often(self, share: float) -> bool:
        return self.chance.random() < share

    def _some(self, share: float, value: Any) -> Any:  # noqa: ANN401 - any value of a row
        return value if self._often(share) else None

    def organization(self, place: int, v: Row) -> Row:
        """Return an organization."""
        chance = self.chance
        return {
            "id": v["id"],
            "name": f"{chance.choice(words.COMPANIES)} {v['tag']}",
            "owner_id": chance.randint(1, 5),
            "add_time": v["add"],
            "update_time": v["update"],
            "address": self._some(0.7, words.place(chance)),
            "is_deleted": place % DELETED_EACH == 0,
            "visible_to": chance.choice((1, 3, 3, 3, 7)),
            "label_ids": sorted(chance.sample((8, 9, 10), chance.choice((0, 0, 1, 2)))),
            "website": self._some(0.5, f"https://company{v['tag']}.example"),
            "linkedin": f"https://linkedin.example/company{v['tag']}" if place % 3 == 1 else None,
            "industry": self._some(0.4, chance.randint(1, 4)),
            "annual_revenue": self._some(0.3, chance.randint(1, 900) * 1000),
            "employee_count": self._some(0.5, chance.randint(1, 5000)),
            "custom_fields": values(chance, self.fields["organizations"]),
        }

    def person(self, place: int, v: Row) -> Row:
        """Return a person."""
        chance = self.chance
        name, first, last = words.person_name(chance)
        emails = [{"value": f"contact{v['tag']}@mail.example", "primary": True, "label": "work"}]
        emails += [{"value": f"p{v['tag']}@home.example", "primary": False, "label": "home"}] * (
            place % 3 == 0
        )
        phones = [{"value": f"+49 30 {chance.randint(10**6, 10**7)}", "primary": True, "label": "work"}]
        return {
            "id": v["id"],
            "name": name,
            "first_name": first,
            "last_name": last,
            "owner_id": chance.randint(1, 5),
            "org_id": self._some(0.8, v["org_id"]),
            "add_time": v["add"],
            "update_time": v["update"],
            "emails": emails if self._often(0.9) else [],
            "phones": phones if self._often(0.6) else [],
            "is_deleted": place % DELETED_EACH == 0,
            "visible_to": chance.choice((1, 3, 3, 3, 7)),
            "label_ids": sorted(chance.sample((5, 6, 7), chance.choice((0, 0, 1, 2)))),
            "picture_id": None,
            "postal_address": self._some(0.3, words.place(chance)),
            "notes": self._some(0.2, "Met at the fair"),
            "im": [{"value": f"chat{v['tag']}", "primary": True, "label": "skype"}] if place % 4 == 1 else [],
            "birthday": self._some(
                0.3, f"19{chance.randint(50, 99)}-0{chance.randint(1, 9)}-1{chance.randint(0, 9)}"
            ),
            "job_title": self._some(0.5, chance.choice(("Buyer", "CEO", "Инженер", "部長"))),
            "custom_fields": values(chance, self.fields["persons"]),
        }

    def product(self, place: int, v: Row) -> Row:
        """Return a product."""
        chance = self.chance
        codes = chance.sample(("EUR", "USD", "GBP"), chance.randint(1, 3))
        monthly = place % 3 == 0
        prices = [
            full_price(
                v["id"],
                {
                    "currency": c,
                    "price": chance.randint(1, 500),
                    "cost": 1,
                    "direct_cost": 2 if place % 2 else None,
                    "notes": "ex works" if place % 4 == 1 else "",
                },
            )
            for c in codes
        ]
        return {
            "id": v["id"],
            "name": f"{chance.choice(words.GOODS)} {v['tag']}",
            "code": self._some(0.8, f"10{v['tag']}" if place % 4 == 1 else f"P-{v['tag']}"),
            "description": self._some(0.5, "Comes in a box.\nNo batteries."),
            "unit": self._some(0.6, chance.choice(("pc", "h", "Stück"))),
            "tax": chance.choice((0, 9, 20, 24)),
            "category": self._some(0.6, str(chance.choice((61, 62, 63)))),
            "is_linkable": True,
            "is_deleted": place % DELETED_EACH == 0 or place == SMALL_DELETED,
            "visible_to": 3,
            "owner_id": chance.randint(1, 5),
            "add_time": v["add"],
            "update_time": v["update"],
            "billing_frequency": "monthly" if monthly else ONE_TIME,
            "billing_frequency_cycles": 12 if monthly else None,
            "prices": prices,
            "custom_fields": values(chance, self.fields["products"]),
        }

    def deal(self, place: int, v: Row) -> Row:
        """Return a deal: open, won, lost, archived or deleted by its position."""
        chance = self.chance
        stage, pipeline = STAGES[0] if place <= 1 else chance.choice(STAGES)
        status = "open" if place <= 1 else chance.choice(("open", "open", "open", "won", "lost"))
        archived, deleted = place % ARCHIVED_EACH == 0, place % DELETED_EACH == 0
        if place % (2 * ARCHIVED_EACH) == 0:
            status = "won"
        closed = None if status == "open" else "2026-04-0{0}T1{0}:00:00Z".format(chance.randint(1, 9))
        won, lost = (closed if status == "won" else None), (closed if status == "lost" else None)
        return {
            "id": v["id"],
            "title": f"{chance.choice(words.GOODS)} deal {v['tag']}",
            "creator_user_id": 1,
            "owner_id": chance.randint(1, 6),
            "value": chance.choice((0, 100, 2500, 99.95, 120000.5, chance.randint(1, 10**6))),
            "person_id": self._some(0.85, v["person_id"]),
            "org_id": self._some(0.8, v["org_id"]),
            "stage_id": stage,
            "pipeline_id": pipeline,
            "currency": chance.choice(CURRENCIES),
            "archive_time": "2026-05-01T08:00:00Z" if archived else None,
            "add_time": v["add"],
            "update_time": v["update"],
            "stage_change_time": self._some(0.6, v["add"]),
            "status": "deleted" if deleted else status,
            "is_archived": archived,
            "is_deleted": deleted,
            "probability": self._some(0.4, chance.choice((0, 10, 55, 100))),
            "lost_reason": chance.choice(words.LOST_REASONS) if lost else None,
            "visible_to": chance.choice((1, 3, 3, 3, 7)),
            "close_time": closed,
            "won_time": won,
            "lost_time": lost,
            "local_won_date": won and won[:10],
            "local_lost_date": lost and lost[:10],
            "local_close_date": closed and closed[:10],
            "expected_close_date": self._some(
                0.6, f"2026-{chance.randint(7, 12):02}-{chance.randint(1, 28):02}"
            ),
            "label_ids": sorted(chance.sample((1, 2, 3, 4), chance.choice((0, 0, 1, 2)))),
            "origin": chance.choice(("ManuallyCreated", "API", "Import")),
            "origin_id": f"import-{v['tag']}" if place % 10 == 1 else None,
            "channel": self._some(0.3, chance.choice((51, 52, 53))),
            "channel_id": self._some(0.2, "Spring fair"),
            "acv": None,
            "arr": None,
            "mrr": None,
            "custom_fields": values(chance, self.fields["deals"]),
        }

    def activity(self, place: int, v: Row) -> Row:
        """Return an activity."""
        chance = self.chance
        done = self._often(0.5)
        person = self._some(0.7, v["person_id"])
        lead = v["lead_id"] if place % LED_EACH == LED_EACH - 3 else None
        met = place % 8 == 1
        due = day(EPOCH_DAY + chance.randint(-200, 60) * 86_400)
        attendee = {
            "email": "guest@mail.example",
            "name": "Guest",
            "status": "accepted",
            "is_organizer": False,
        }
        known = place % 10 == 0
        attendee |= {"person_id": v["person_id"] if known else None, "user_id": 2 if known else None}
        return {
            "id": v["id"],
            "subject": f"{chance.choice(words.SUBJECTS)} {v['tag']}",
            "type": chance.choice(TYPES),
            "owner_id": chance.randint(1, 6),
            "creator_user_id": 1,
            "is_deleted": place % DELETED_EACH == 0,
            "add_time": v["add"],
            "update_time": v["update"],
            "deal_id": self._some(0 if lead else 0.7, v["deal_id"]),
            "lead_id": lead,
            "person_id": person,
            "org_id": self._some(0.6, v["org_id"]),
            "project_id": None,
            "due_date": due,
            "due_time": self._some(0.6, f"{chance.randint(7, 17):02}:30:00"),
            "duration": self._some(0.5, "00:45:00"),
            "busy": self._often(0.5),
            "done": done,
            "marked_as_done_time": f"{due}T12:00:00Z" if done else None,
            "location": self._some(0.2, words.place(chance)),
            "participants": [{"person_id": person, "primary": True}] if person else [],
            "attendees": [attendee] if place % 5 == 0 else [],
            "conference_meeting_client": "871b8bc88d3a1202" if met else None,
            "conference_meeting_url": f"https://meet.example/{v['tag']}" if met else None,
            "conference_meeting_id": f"meeting-{v['tag']}" if met else None,
            "public_description": self._some(0.2, "Bring the contract"),
            "priority": self._some(0.3, chance.choice((263, 264, 265))),
            "note": self._some(0.4, chance.choice(words.NOTES)),
            "outcome": 1 if done and place % 4 == 0 else None,
        }

    def lead(self, place: int, v: Row) -> Row:
        """Return a lead; `v["labels"]` are the ids of the lead labels."""
        chance = self.chance
        money = {"amount": chance.choice((999, 10.5, 250000)), "currency": chance.choice(CURRENCIES)}
        return {
            "id": v["id"],
            "title": f"{chance.choice(words.GOODS)} lead {v['tag']}",
            "owner_id": chance.randint(1, 5),
            "creator_id": 1,
            "label_ids": chance.sample(v["labels"], chance.choice((0, 1, 2)))
            or v["labels"][: place % 6 == 0],
            "person_id": v["person_id"],
            "organization_id": self._some(0.5, v["org_id"]),
            "source_name": chance.choice(("API", "Import", "Web forms")),
            "origin": "API",
            "origin_id": f"form-{v['tag']}" if place % 5 == 1 else None,
            "channel": 52 if place % 3 == 1 else None,
            "channel_id": "Messe 展示会" if place % 3 == 1 else None,
            "source_deal_id": None,
            "is_archived": place % 6 == 0,
            "was_seen": self._often(0.5),
            "value": self._some(0.7, money),
            "expected_close_date": self._some(0.4, f"2026-{chance.randint(7, 12):02}-15"),
            "next_activity_id": None,
            "add_time": v["add"],
            "update_time": v["update"],
            "visible_to": "3",
            "cc_email": f"nordwind+1001+lead{v['tag']}@pipedrivemail.com",
            "custom_fields": values(chance, self.fields["leads"], 0.6),
        }

    def note(self, place: int, v: Row) -> Row:
        """Return a note on a deal, a person or an organization."""
        chance = self.chance
        parent = ("deal_id", "person_id", "org_id")[place % 3]
        parents = dict.fromkeys(("lead_id", "deal_id", "org_id", "person_id", "project_id", "task_id"))
        pins = ("lead", "deal", "person", "organization", "project", "task")
        return {
            "id": v["id"],
            "active_flag": place % DELETED_EACH != 0,
            "add_time": v["add"],
            "content": chance.choice(words.NOTES),
            **parents,
            parent: v[parent],
            **{f"pinned_to_{pin}_flag": pin == "deal" and place % 6 == 0 for pin in pins},
            "update_time": v["update"],
            "last_update_user_id": 2 if place % 7 == 1 else None,
            "user_id": chance.randint(1, 5),
        }

    def file(self, place: int, v: Row) -> Row:
        """Return a file on a deal, a person, an organization or a product."""
        chance = self.chance
        parent = ("deal_id", "person_id", "org_id", "product_id")[place % 4]
        row = file_row(
            chance.choice(words.FILE_NAMES),
            chance.randint(1, 4000),
            chance.randint(1, 5),
            **{parent: v[parent]},
        )
        row.update(
            {"add_time": v["add"], "update_time": v["update"], "active_flag": place % DELETED_EACH != 0}
        )
        return {"id": v["id"], **row, "description": self._some(0.3, "signed copy")}

    def deal_product(self, place: int, v: Row) -> Row:
        """Return a product attached to a deal."""
        chance = self.chance
        monthly = place % 5 == 0
        row = {
            "id": v["id"],
            "sum": 0,
            "tax": chance.choice((0, 20)),
            "deal_id": v["deal_id"],
            "name": chance.choice(words.GOODS),
            "product_id": v["product_id"],
            "product_variation_id": None,
            "order_nr": place % 3 + 1,
            "add_time": v["add"],
            "update_time": v["update"],
            "comments": chance.choice(("", "", "incl. Montage")),
            "currency": "EUR",
            "discount": chance.choice((0, 0, 10)),
            "quantity": chance.choice((1, 2, 2.5, 100)),
            "item_price": chance.choice((9.99, 100, 2500)),
            "tax_method": chance.choice(("exclusive", "inclusive", "none")),
            "discount_type": chance.choice(("percentage", "amount")),
            "is_enabled": place % 7 != 0,
            "billing_frequency": "monthly" if monthly else ONE_TIME,
            "billing_frequency_cycles": 12 if monthly else None,
            "billing_start_date": "2026-07-01" if monthly else None,
        }
        return {**row, "sum": line_sum(row)}
