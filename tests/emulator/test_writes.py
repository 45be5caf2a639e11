"""Every published property of every write takes effect: it is kept, and shown by all that show the row."""

from __future__ import annotations

import pytest

from tests.emulator import read_company, read_sales, write_company, write_fields, write_sales
from tests.emulator.asking import Asker
from tests.emulator.writing import OPERATIONS, Write, Writer, cleared, published_properties, sent_properties
from tests.support.emulator import Emulator

WRITES: tuple[Write, ...] = (*write_sales.WRITES, *write_fields.WRITES, *write_company.WRITES)
KEPT = {**read_sales.KEPT, **write_fields.KEPT, **read_company.KEPT}
WRITTEN = sorted({write.operation for write in WRITES})
# (operation, property) without a case, and why.
OAUTH = "no row of the account; see test_auth"
MERGED = "names the survivor; see test_merges"
BY_SYSTEM = "the system gives the place; see test_effects"
EXCEPTIONS: dict[tuple[str, str], str] = {
    **{("v1:get-tokens", name): OAUTH for name in ("grant_type", "code", "redirect_uri")},
    **{("v1:refresh-tokens", name): OAUTH for name in ("grant_type", "refresh_token")},
    **{(f"v1:merge{word}", "merge_with_id"): MERGED for word in ("Deals", "Persons", "Organizations")},
    ("v2:addActivity", "person_id"): "read-only: the primary participant sets it",
    ("v2:updateActivity", "person_id"): "read-only: the primary participant sets it",
    ("v2:updateProject", "template_id"): "published as counting for new projects only",
    **{
        (f"v2:{verb}{word}Field", f"ui_visibility.show_in_add_{dialog}_dialog.order"): BY_SYSTEM
        for verb in ("add", "update")
        for word, dialog in (("Person", "deal"), ("Organization", "deal"), ("Organization", "person"))
    },
}


# Published as nullable, yet never empty.
NEVER_NULL = {("v1:updateLead", "title"): "a lead has a title"}
CLEARED = [(write, name) for write, name in cleared(WRITES) if (write.operation, name) not in NEVER_NULL]


@pytest.fixture(scope="module")
def running():
    with Emulator("--burst", "0", "--daily-tokens", "1000000000", "--legacy") as emulator:
        yield emulator


@pytest.fixture
def writer(running):
    running.reset()
    return Writer(Asker(running.url), KEPT)


@pytest.mark.parametrize("operation", WRITTEN)
def test_what_is_sent_is_kept_and_shown(writer, operation):
    assert [p for write in WRITES if write.operation == operation for p in writer.problems(write)] == []


@pytest.mark.parametrize("operation", sorted({write.operation for write, _ in CLEARED}))
def test_null_clears_what_is_published_as_nullable(writer, operation):
    assert [
        p for write, name in CLEARED if write.operation == operation for p in writer.cleared(write, name)
    ] == []


def test_every_published_property_has_a_case():
    sent = {
        (write.operation, name) for write in WRITES for name in (*sent_properties(write.body), *write.files)
    }
    published = {
        (key, name)
        for key, operation in OPERATIONS.items()
        if operation["method"] != "GET"
        for name in published_properties(operation)
    }
    assert published - sent - set(EXCEPTIONS) == set(), (
        "add a case with these properties to WRITES in tests/emulator/write_*.py, or a reason to EXCEPTIONS"
    )
    assert set(EXCEPTIONS) & sent == set()
    assert set(EXCEPTIONS) <= published
