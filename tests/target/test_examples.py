"""Messages in the README and in the documentation, against the emulator."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.target.helpers import rows

ROOT = Path(__file__).parents[2]


def messages(page: str) -> list[dict]:
    """Return the Singer messages of a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [json.loads(line) for line in re.findall(r'^{"type": .*}$', text, re.MULTILINE)]


@pytest.mark.parametrize("page", ["README.md", "docs/explanation/finding-rows.md"])
def test_examples_of_references_are_written(small, load, page):
    small.post("/_emulator/rows", [{"table": "users", "id": 3, "set": {"email": "ann@acme.com"}}])
    (stage,) = (row["id"] for row in small.rows("stages") if row["name"] == "Proposal")
    records = messages(page)
    assert records
    own = any("acme-1" in json.dumps(one) for one in records)
    acme = rows("add_organization", {"name": "Acme"})
    run = load(*([] if own else acme), *(rows(one["stream"], one["record"]) for one in records))
    assert (run.error, run.errors) == (None, [])
    assert set(run.outcomes) == {"created"}
    deal = small.get(f"/api/v2/deals/{run.ids[-1]}")["data"]
    organization = small.get(f"/api/v2/organizations/{deal['org_id']}")["data"]
    assert (deal["title"], deal["owner_id"], deal["stage_id"]) == ("Pumps", 3, stage)
    assert organization["name"] == "Acme"


def test_example_of_an_upsert_writes_nothing_the_second_time(small, load):
    example = messages("docs/tutorials/first-write.md")
    text = (ROOT / "docs/tutorials/first-write.md").read_text(encoding="utf-8")
    (match_on,) = re.findall(r"TARGET_PIPEDRIVE_MATCH_ON='(.*)'", text)
    first = load(*example, match_on=json.loads(match_on))
    assert first.outcomes == ["created"]
    assert small.get(f"/api/v2/persons/{first.ids[0]}")["data"]["name"] == "Ada Lovelace"
    assert load(*example, match_on=json.loads(match_on)).outcomes == ["unchanged"]
