"""Child rows of sales records: participants, comments, discounts, installments, variations, pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.clock import DAY_SECONDS, START, day, millis, sql
from pipedrive_emulator.domains.deals.deal_billing import seeded_discount
from pipedrive_emulator.domains.deals.deal_value import REVENUES, worth_of
from pipedrive_emulator.domains.deals.participants import new_participant
from pipedrive_emulator.domains.files.files import file_row
from pipedrive_emulator.domains.files.pictures import new_image, new_picture
from pipedrive_emulator.domains.notes.note_comments import new_comment
from pipedrive_emulator.domains.products.product_variations import price
from pipedrive_emulator.domains.shared.related_v1 import moment
from pipedrive_emulator.handlers.registry import Seed, seeder
from pipedrive_emulator.seeds.accounts import TEMPLATES
from pipedrive_emulator.seeds.templates import TemplateRows, slot

if TYPE_CHECKING:
    from pipedrive_emulator.api.http import Row

OLDEST = START - 300 * DAY_SECONDS
COMMENTS = ("Agreed on the phone.", "<p>見積もりを送った</p>", "Nochmals nachfassen — срочно")
MOST_VARIED, MOST_REVENUES = 20, 3_000
VARIATIONS = ("Small", "Größe L", "特大")
PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489")


@seeder(21)
def participants(seed: Seed) -> None:
    """Add the contact person of every deal as a participant, and another person to every sixth deal."""
    deals, kept = seed.account.table("deals"), seed.account.table("participants")
    base = deals.base
    if base is not None:
        templates = []
        for place in range(1, min(TEMPLATES, base.count) + 1):
            named = base.view_of(place)["person_id"] is not None
            row = new_participant(0, 0 if named else None, 1)
            row.update({"deal_id": slot("id"), "person_id": slot("person") if named else None})
            templates.append({"id": slot("id"), **row, "add_time": slot("add")})
        slots = {
            "id": range(1, base.count + 1),
            "person": base.column("person_id"),
            "add": [moment(text) for text in base.column("add_time")],
        }
        kept.attach(TemplateRows(templates, base.count, slots))
    else:
        for deal in deals.all():
            if deal["person_id"] is not None:
                row = new_participant(deal["id"], deal["person_id"], 1)
                seed.account.insert("participants", {**row, "add_time": moment(deal["add_time"])})
    for deal_id in range(6, min(deals.count(), 3_000) + 1, 6):
        person_id = deal_id % 25 + 1
        if person_id != (deals.get(deal_id) or {}).get("person_id"):
            times = {"add_time": sql(OLDEST + deal_id * 60)}
            seed.account.insert("participants", {**new_participant(deal_id, person_id, 2), **times})
            change = {"actor_user_id": 2, "person_id": person_id, "action": "added"}
            seed.account.insert(
                "participant_changes", {"deal_id": deal_id, **change, "time": times["add_time"]}
            )


@seeder(31)
def comments(seed: Seed) -> None:
    """Add one to three comments to some notes."""
    last = min(seed.account.table("notes").count(), 6_000)
    for note_id in range(2, last + 1, 4):
        for place in range(1 + note_id % 3):
            when = millis(OLDEST + note_id * 600 + place)
            row = new_comment(note_id, COMMENTS[place], 1 + place)
            seed.account.insert("note_comments", {**row, "add_time": when, "update_time": when})


@seeder(32)
def billing(seed: Seed) -> None:
    """Add discounts to some deals, and installments to some deals with one-time products only."""
    account = seed.account
    lines = account.table("deal_products")
    for deal_id in range(1, min(account.table("deals").count(), 3_000) + 1):
        if deal_id % 5 == 1:
            percent = deal_id % 2 == 0
            body = {"type": "percentage" if percent else "amount", "amount": 10 if percent else 99.5}
            body["description"] = "Early bird" if percent else "Rabatt — скидка"
            account.insert("discounts", seeded_discount(deal_id, body, OLDEST + deal_id * 60))
        billed = {lines.row(seq)["billing_frequency"] for seq in lines.where("deal_id", deal_id)}
        if deal_id % 4 == 1 and billed == {"one-time"}:
            for place in range(1, 3 + deal_id % 2):
                due = day(START + (deal_id % 90 + 30 * place) * DAY_SECONDS)
                row = {"amount": 250 * place, "billing_date": due, "description": f"Rate {place} — 分割"}
                account.insert("installments", {**row, "deal_id": deal_id})


@seeder(33)
def revenues(seed: Seed) -> None:
    """Set the yearly revenue of deals with products; their value does not change."""
    account = seed.account
    for deal_id in range(1, min(account.table("deals").count(), MOST_REVENUES) + 1):
        if account.table("deal_products").where("deal_id", deal_id):
            worth = worth_of(account, deal_id)
            account.update("deals", deal_id, {name: worth[name] for name in REVENUES})


@seeder(33)
def variations(seed: Seed) -> None:
    """Add variations and an image to some products."""
    account = seed.account
    for product_id in range(1, min(account.table("products").count(), 2_000) + 1):
        if product_id % 2:
            for place, name in enumerate(VARIATIONS[: 1 + product_id % 3]):
                number = account.table("product_variations").new_key()[1]
                body = {"currency": "EUR", "price": 10.5 * (place + 1), "direct_cost": 3 if place else None}
                prices = [price(number, body)] if place != 1 else []
                account.insert(
                    "product_variations", {"name": name, "product_id": product_id, "prices": prices}
                )
            if product_id <= MOST_VARIED:
                _vary(seed, product_id)
        if product_id % 3 == 1:
            image = new_image(product_id, "写真.png", "image/png", day(OLDEST))
            row = account.insert("product_images", image)
            account.blobs[f"product_images:{row['id']}"] = PIXEL


def _vary(seed: Seed, product_id: int) -> None:
    """Link the first line of a product to its first variation."""
    account = seed.account
    lines, kept = account.table("deal_products"), account.table("product_variations")
    number = min(kept.where("product_id", product_id), default=None)
    line = min(lines.where("product_id", product_id), default=None)
    if number is not None and line is not None:
        account.update("deal_products", line, {"product_variation_id": number})


@seeder(37)
def more_files(seed: Seed) -> None:
    """Add files to an activity, a lead, a project, and a message."""
    account = seed.account
    if seed.empty:
        return
    lead = next(account.table("leads").live())["id"]
    message = next(row for row in account.table("mail_messages").all() if row["has_attachments_flag"])
    wanted: tuple[tuple[str, Row], ...] = (
        ("agenda.docx", {"activity_id": 1}),
        ("Anfrage.pdf", {"lead_id": lead}),
        ("計画.pdf", {"project_id": 1}),
        ("attachment.pdf", {"mail_message_id": str(message["id"]), "cid": "part1", "deal_id": 1}),
    )
    for place, (name, more) in enumerate(wanted):
        times = {"add_time": sql(OLDEST + place), "update_time": sql(OLDEST + place)}
        account.insert("files", {**file_row(name, 100 + place, 1), **more, **times})


@seeder(34)
def portraits(seed: Seed) -> None:
    """Add pictures to the first persons, every seventh."""
    account = seed.account
    for person_id in range(1, min(account.table("persons").count(), 200) + 1, 7):
        times = {"add_time": sql(OLDEST), "update_time": sql(OLDEST)}
        row = account.insert("person_pictures", {**new_picture(person_id, len(PIXEL), 1), **times})
        account.blobs[f"person_pictures:{row['id']}"] = PIXEL
        account.update("persons", person_id, {"picture_id": row["id"]})
