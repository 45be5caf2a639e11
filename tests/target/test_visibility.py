"""`visible_to` by the names that users see: the account's own, and the published ones of all plans."""

from __future__ import annotations

import pytest

from target_pipedrive.custom_fields.visibility import level
from target_pipedrive.record.errors import RecordFault
from tests.target.helpers import rows
from tests.target.twice import row, settles

PLAIN = {1: "Owner & followers", 3: "Entire company"}
GROUPS = {1: "Owner only", 3: "Owner's visibility group", 5: "… and sub-groups", 7: "Entire company"}
OWN = {1: "Nur Besitzer", 3: "Alle Benutzer"}


@pytest.mark.parametrize(
    ("names", "given", "number"),
    [
        (PLAIN, "owner & FOLLOWERS", 1),
        (PLAIN, "Entire company", 3),
        (PLAIN, " Entire  company (shared)", 3),
        (GROUPS, "Entire company", 7),
        (GROUPS, "Owner & followers (private)", 1),
        (GROUPS, "Owner’s visibility group", 3),  # noqa: RUF001  as word processors write it
        (GROUPS, "Owner's visibility group and sub-groups", 5),
        (OWN, "alle benutzer", 3),
        (OWN, "Entire company", 3),
        ({}, "Owner only", 1),
    ],
)
def test_names_of_all_plans_are_known(names, given, number):
    assert level(names, given) == number


@pytest.mark.parametrize(
    ("names", "given", "message"),
    [
        (PLAIN, "Everyone", "must be one of 1 (Owner & followers), 3 (Entire company)"),
        ({}, "Entire company", "must be one of 1, 3, 5, 7"),  # 3 or 7, depending on the plan
    ],
)
def test_other_names_are_rejected_with_the_known_ones(names, given, message):
    with pytest.raises(RecordFault, match="must be one of") as fault:
        level(names, given)
    assert str(fault.value) == message


@pytest.mark.parametrize(
    ("table", "key"),
    [("deals", 1), ("persons", 1), ("organizations", 1), ("products", 1), ("leads", None)],
)
def test_every_entity_accepts_the_name(small, load, table, key):
    key = key or small.get("/v1/leads?limit=1")["data"][0]["id"]
    for name, number in (("Owner only", 1), ("entire company", 7)):
        run = settles(small, load, rows(table, {"id": key, "visible_to": name}, keys=["id"]))
        assert run.errors == []
        assert int(row(small, table, key)["visible_to"]) == number
