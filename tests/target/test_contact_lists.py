"""Emails, phones and messengers: a text adds to the list, a list replaces it, labels stay."""

from __future__ import annotations

import pytest

from target_pipedrive.values.compound import EMAILS, PHONES, Entries, merge_contacts
from target_pipedrive.values.contacts import split_emails, split_phones
from tests.target.case_folders import Case
from tests.target.helpers import rows
from tests.target.twice import row, settles

pytestmark = pytest.mark.dialects


def entry(value, label="work", *, primary=False):
    return {"value": value, "primary": primary, "label": label}


WORK, HOME = entry("a@x.example", primary=True), entry("b@x.example", "home")
MOBILE, FAX = entry("+49 171 1112223", "mobile", primary=True), entry("+49 30 999888", "fax")

EMAILS_GIVEN = [
    ("a@x.example", [WORK, HOME]),
    (" B@X.example ", [WORK, HOME]),
    ("c@x.example", [WORK, HOME, entry("c@x.example")]),
    ("a@x.example; c@x.example", [WORK, HOME, entry("c@x.example")]),
    ("b@x.example\na@x.example", [WORK, HOME]),
    ('"Doe, John" <b@x.example>', [WORK, HOME]),
    ({"value": "b@x.example", "label": "private"}, [WORK, entry("b@x.example", "private")]),
    (
        {"value": "b@x.example", "primary": "true"},
        [entry("a@x.example"), entry("b@x.example", "home", primary=True)],
    ),
    (["b@x.example"], [entry("b@x.example", "home", primary=True)]),
    (["b@x.example", "a@x.example"], [entry("b@x.example", "home"), WORK]),
    (["c@x.example", "a@x.example"], [entry("c@x.example"), WORK]),
    ('["b@x.example", "c@x.example"]', [entry("b@x.example", "home", primary=True), entry("c@x.example")]),
    ([{"value": "b@x.example"}], [entry("b@x.example", "home", primary=True)]),
    (
        [{"value": "c@x.example", "primary": 1}, {"value": "a@x.example", "label": "old"}],
        [entry("c@x.example", primary=True), entry("a@x.example", "old")],
    ),
    (
        [{"value": "c@x.example", "primary": True}, {"value": "C@x.example", "primary": True}],
        [entry("c@x.example", primary=True)],
    ),
    ([], []),
    ("", []),
    (None, []),
]


@pytest.mark.parametrize("column", ["email", "emails"])
def test_emails_that_are_not_given_are_kept(small, load, column):
    for given, wanted in EMAILS_GIVEN:
        small.call("PATCH", "/api/v2/persons/3", {"emails": [WORK, HOME]})
        run = settles(small, load, rows("persons", {"id": 3, column: given}, keys=["id"]))
        assert run.errors == [], given
        assert row(small, "persons", 3)["emails"] == wanted, given
        assert run.outcomes == (["unchanged"] if wanted == [WORK, HOME] else ["updated"]), given


PHONES_GIVEN = [
    ("+49 171 1112223", [MOBILE, FAX]),
    ("0049 (171) 111-2223", [MOBILE, FAX]),
    ("+4930999888", [MOBILE, FAX]),
    ("+1 555 0100,,204#", [MOBILE, FAX, entry("+1 555 0100,,204#")]),
    ("+1 (555) 0100, ext. 204", [MOBILE, FAX, entry("+1 (555) 0100, ext. 204")]),
    ("+49 30 1234567, +49 30 7654321", [MOBILE, FAX, entry("+49 30 1234567"), entry("+49 30 7654321")]),
    (37255500100, [MOBILE, FAX, entry("37255500100")]),
    (37255500100.0, [MOBILE, FAX, entry("37255500100")]),
    ("37255500100.0", [MOBILE, FAX, entry("37255500100")]),
    (["+49 30 999888"], [entry("+49 30 999888", "fax", primary=True)]),
    (["+49 30 999-888", "111222"], [entry("+49 30 999-888", "fax", primary=True), entry("111222")]),
    ([{"value": "+49 30 999888", "label": "work"}], [entry("+49 30 999888", primary=True)]),
    ([{"value": 4930111222.0}], [entry("4930111222", primary=True)]),
]


@pytest.mark.parametrize("column", ["phone", "phones"])
def test_phones_that_are_not_given_are_kept(small, load, column):
    for given, wanted in PHONES_GIVEN:
        small.call("PATCH", "/api/v2/persons/3", {"phones": [MOBILE, FAX]})
        run = settles(small, load, rows("persons", {"id": 3, column: given}, keys=["id"]))
        assert run.errors == [], given
        assert row(small, "persons", 3)["phones"] == wanted, given


def test_messengers_that_are_not_given_are_kept(small, load):
    held = [entry("live:abc", "skype", primary=True)]
    for given, added in (
        ("live:abc", []),
        ("@new", [entry("@new")]),
        ({"value": "live:abc", "label": "skype"}, []),
    ):
        small.call("PATCH", "/api/v2/persons/3", {"im": held})
        run = settles(small, load, rows("persons", {"id": 3, "im": given}, keys=["id"]))
        assert run.errors == []
        assert row(small, "persons", 3)["im"] == [*held, *added]


@pytest.mark.parametrize("stream", ["update_person", "updatePerson", "set_field_value_for_person"])
def test_actions_keep_missing_contacts_too(small, load, stream):
    small.call("PATCH", "/api/v2/persons/3", {"emails": [WORK, HOME], "phones": [MOBILE]})
    given = {"id": 3, "email": "c@x.example", "phone": "+491711112223"}
    if stream == "set_field_value_for_person":
        given = {"person_id": 3, "custom_field_key": "email", "value": "c@x.example"}
    run = load(rows(stream, given))
    assert (run.outcomes, run.errors) == (["updated"], [])
    assert row(small, "persons", 3)["emails"] == [WORK, HOME, entry("c@x.example")]
    assert row(small, "persons", 3)["phones"] == [MOBILE]


def test_an_action_on_a_person_that_does_not_exist_fails(load):
    run = load(rows("update_person", {"id": 99_999, "email": "c@x.example"}))
    assert run.outcomes == ["failed"]
    assert "99999" in run.errors[0]


def test_a_new_person_has_one_primary_entry_of_each_kind(small, load):
    run = settles(
        small,
        load,
        rows(
            "persons",
            {
                "external_id": "n",
                "name": "N",
                "email": "a@x.example, b@x.example",
                "phone": ["1234567", "7654321"],
            },
            keys=["external_id"],
        ),
    )
    person = row(small, "persons", int(run.ids[0]))
    assert person["emails"] == [entry("a@x.example", primary=True), entry("b@x.example")]
    assert person["phones"] == [entry("1234567", primary=True), entry("7654321")]


# --- texts and merging alone ------------------------------------------------------------------------------

ONE_EMAIL = ["a@x.example", "nobody", "a@x.example (old)", "call a@x.example, please", "Doe, John"]
MANY_EMAILS = {
    "a@x.example,b@x.example": ["a@x.example", "b@x.example"],
    "a@x.example ; b@x.example;": ["a@x.example", "b@x.example"],
    "a@x.example b@x.example": ["a@x.example", "b@x.example"],
    '"Doe, John" <j@x.example>': ["j@x.example"],
    "John <j@x.example>, Ann <a@x.example>": ["j@x.example", "a@x.example"],
}
ONE_PHONE = [
    "+1 555 0100,,204#",
    "+1 (555) 0100, ext. 204",
    "030 123456, 12",
    "123,456",
    "+49 30 1 / 2",
    "tel. 1, 2",
]


def test_texts_with_one_entry_remain_one_entry():
    assert [split_emails(one) for one in ONE_EMAIL] == [[one] for one in ONE_EMAIL]
    assert [split_phones(one) for one in ONE_PHONE] == [[one] for one in ONE_PHONE]
    assert {text: split_emails(text) for text in MANY_EMAILS} == MANY_EMAILS
    assert split_phones("+49 30 1234567;030/7654321\n0171 1112223") == [
        "+49 30 1234567",
        "030/7654321",
        "0171 1112223",
    ]


@pytest.mark.parametrize("whole", [True, False])
def test_merging_again_changes_nothing_and_keeps_one_primary(whole):
    given = Entries(
        [{"value": "A@x.example"}, {"value": "c@x.example", "primary": False}], kind=EMAILS, whole=whole
    )
    once = merge_contacts([WORK, HOME], given)
    assert merge_contacts(once, given) == once
    assert [one["primary"] for one in once].count(True) == 1
    assert merge_contacts(once, Entries(once, kind=EMAILS, whole=True)) == once


def test_no_entry_is_primary_that_is_marked_as_secondary():
    given = Entries([{"value": "111111", "primary": False}, {"value": "222222"}], kind=PHONES, whole=True)
    assert [one["primary"] for one in merge_contacts(None, given)] == [False, True]


# --- the samples ------------------------------------------------------------------------------------------


def test_sample_of_people_found_by_one_of_two_addresses(small, tmp_path):
    case = Case(small, tmp_path, "03-email-array")
    before = {number: row(small, "persons", number) for number in (3, 6)}
    run = case()
    assert (run.code, run.outcomes, run.rejects) == (0, ["updated"] * 2, [])
    for number, held in before.items():
        assert len(held["emails"]) == 2
        assert run.row("persons", number)["emails"] == held["emails"]
        assert run.row("persons", number)["job_title"] == "Buyer"
    assert case().writes == []


def test_sample_of_labels(small, tmp_path):
    labelled = [{"value": "+49 30 4111052", "label": "mobile", "primary": True}]
    small.call("PATCH", "/api/v2/persons/2", {"phones": labelled})
    small.call(
        "PATCH", "/api/v2/persons/5", {"emails": [{"value": "contact5@mail.example", "label": "home"}]}
    )
    case = Case(small, tmp_path, "17-contact-labels")
    run = case()
    assert (run.code, run.outcomes, run.rejects) == (0, ["unchanged", "updated"], [])
    assert run.row("persons", 2)["phones"] == labelled
    assert run.row("persons", 5)["emails"] == [entry("contact5@mail.example", "home", primary=True)]
    assert run.row("persons", 5)["phones"] == [entry("222", primary=True), entry("111")]
    assert case().writes == []


def test_sample_of_texts_with_commas(small, tmp_path):
    case = Case(small, tmp_path, "18-contact-comma")
    run = case()
    assert run.code == 1
    assert run.outcomes == [*["created"] * 7, "failed", *["created"] * 3]
    assert [one["record"]["external_id"] for one in run.rejects] == ["c8"]
    assert all(word in run.rejects[0]["error"] for word in ("email", "value"))
    made = {one["key"]["external_id"]: one["id"] for one in run.results}
    held = {key: run.row("persons", int(number)) for key, number in made.items() if number}
    phones = {key: [one["value"] for one in person["phones"]] for key, person in held.items()}
    emails = {key: [one["value"] for one in person["emails"]] for key, person in held.items()}
    assert phones["c1"] == ["+1 555 0100,,204#"]
    assert phones["c2"] == ["+1 (555) 0100, ext. 204"]
    assert emails["c3"] == ["john@x.example"]
    assert emails["c4"] == ["a@x.example", "b@x.example"]
    assert [phones[key] for key in ("c5", "c6", "c7")] == [["37255500100"]] * 3
    assert [emails[key] for key in ("c9", "c10", "c11")] == [["a@x.example"]] * 3
    again = case()
    assert again.writes == []
    assert again.tables["persons"] == run.tables["persons"]


@pytest.mark.parametrize(
    "value",
    [
        "{a@x.example,b@x.example}",
        "['a@x.example']",
        "[a@x.example]",
        ["{a}"],
        True,
        [False],
        [["a@x.example"]],
    ],
)
def test_lists_of_other_tools_are_not_written_as_an_address(load, small, value):
    before = small.get("/api/v2/persons/1")["data"]
    run = load(rows("persons", {"id": 1, "emails": value}), rows("persons", {"id": 2, "phones": value}))
    assert run.outcomes == ["failed", "failed"]
    assert all("must be text" in one for one in run.errors)
    assert small.get("/api/v2/persons/1")["data"] == before


def test_objects_as_json_text_inside_a_list_are_entries(load, small):
    run = load(rows("persons", {"id": 2, "phones": ['{"value": "+1 555 0100", "label": "home"}']}))
    assert run.outcomes == ["updated"]
    entry = {"value": "+1 555 0100", "label": "home", "primary": True}
    assert small.get("/api/v2/persons/2")["data"]["phones"] == [entry]
