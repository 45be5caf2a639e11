"""An index behind the searches that lags: it shows what was, while lists and single reads show what is."""

from __future__ import annotations

import subprocess
import sys

import pytest

ADDRESS = {
    "deals": ("/api/v2/deals", "title"),
    "persons": ("/api/v2/persons", "name"),
    "organizations": ("/api/v2/organizations", "name"),
    "products": ("/api/v2/products", "name"),
    "projects": ("/api/v2/projects", "title"),
    "leads": ("/v1/leads", "title"),
}
NEVER = 10_000


@pytest.fixture
def lag(ask):
    """Lets the index lag, or catch up."""

    def change(**wanted):
        return ask.hook("search", wanted)

    return change


def add(ask, kind, name, **more):
    path, column = ADDRESS[kind]
    if kind == "leads":
        more.setdefault("person_id", 1)
    if kind == "projects":
        more.update(board_id=1, phase_id=1)
    return ask.send("POST", path, {column: name, **more}).json()["data"]["id"]


def change(ask, kind, number, **values):
    method = "PATCH"
    assert ask.send(method, f"{ADDRESS[kind][0]}/{number}", values).status_code == 200


def found(ask, kind, term, **query):
    path = f"/api/v2/{kind}/search"
    return [entry["item"]["id"] for entry in ask.get(path, term=term, **query)["data"]["items"]]


def found_anywhere(ask, term):
    items = ask.get("/api/v2/itemSearch", term=term)["data"]["items"]
    return [entry["item"]["id"] for entry in items]


def found_by_name(ask, term):
    query = {"entity_type": "person", "field": "name", "match": "exact"}
    return [entry["item"]["id"] for entry in ask.get("/api/v2/itemSearch/field", term=term, **query)["data"]]


@pytest.mark.parametrize("exact", ["true", "false"])
@pytest.mark.parametrize("kind", ADDRESS)
def test_what_was_added_is_listed_at_once_and_found_later(ask, lag, kind, exact):
    lag(lag=2)
    number = add(ask, kind, "Qqnew")
    path, column = ADDRESS[kind]
    assert ask.get(f"{path}/{number}")["data"][column] == "Qqnew"  # the first request after it
    assert found(ask, kind, "Qqnew", exact_match=exact) == []
    assert found(ask, kind, "Qqnew", exact_match=exact) == [number]


@pytest.mark.parametrize("kind", ADDRESS)
def test_what_was_renamed_is_found_by_its_old_name(ask, lag, kind):
    number = add(ask, kind, "Qqold")
    lag(lag=NEVER)
    change(ask, kind, number, **{ADDRESS[kind][1]: "Qqnew"})
    change(ask, kind, number, **{ADDRESS[kind][1]: "Qqnewest"})
    assert found(ask, kind, "Qqold") == [number]
    assert found(ask, kind, "Qqnew") == []
    assert found_anywhere(ask, "Qqold") == [number]
    lag(catch_up=True)
    assert found(ask, kind, "Qqold") == []
    assert found_anywhere(ask, "Qqnewest") == [number]


@pytest.mark.parametrize("kind", ADDRESS)
def test_what_was_deleted_is_found_still(ask, lag, kind):
    number = add(ask, kind, "Qqgone")
    lag(lag=NEVER)
    assert ask.ask("DELETE", f"{ADDRESS[kind][0]}/{number}").status_code == 200
    assert found(ask, kind, "Qqgone", exact_match="true") == [number]
    lag(catch_up=True)
    assert found(ask, kind, "Qqgone", exact_match="true") == []


def test_each_write_is_taken_up_in_its_turn(ask, lag):
    lag(lag=3)
    number = add(ask, "persons", "Qqone")
    change(ask, "persons", number, name="Qqtwo")
    names = ("Qqone", "Qqtwo", "Qqone", "Qqtwo")
    assert [found_by_name(ask, name) for name in names] == [[], [], [number], [number]]


def test_a_merged_person_is_found_and_the_survivor_not_by_what_it_took_over(ask, lag):
    first = add(ask, "persons", "Qqfirst", emails=[{"value": "qq@one.example", "primary": True}])
    second = add(ask, "persons", "Qqsecond")
    lag(lag=NEVER)
    assert ask.send("PUT", f"/v1/persons/{first}/merge", {"merge_with_id": second}).status_code == 200
    assert ask.get(f"/api/v2/persons/{second}")["data"]["emails"][0]["value"] == "qq@one.example"
    assert found(ask, "persons", "qq@one.example", fields="email") == [first]
    lag(catch_up=True)
    assert found(ask, "persons", "qq@one.example", fields="email") == [second]


def test_notes_and_filters_lag_too(ask, lag):
    deal = add(ask, "deals", "Plain", person_id=2)
    lag(lag=NEVER)
    ask.send("POST", "/v1/notes", {"content": "qqnote", "deal_id": deal})
    change(ask, "deals", deal, person_id=3)
    assert found(ask, "deals", "qqnote") == []
    assert found(ask, "deals", "Plain", person_id=2) == [deal]
    assert found(ask, "deals", "Plain", person_id=3) == []


def test_a_lag_of_zero_is_no_lag_and_a_reset_restores_the_initial_lag(start):
    ask = start("--search-lag", str(NEVER))
    add(ask, "persons", "Qqlate")
    assert found(ask, "persons", "Qqlate") == []
    ask.hook("search", {"lag": 0, "catch_up": True})
    number = add(ask, "persons", "Qqprompt")
    assert found(ask, "persons", "Qqprompt") == [number]
    ask.hook("reset", {})
    add(ask, "persons", "Qqlate")
    assert found(ask, "persons", "Qqlate") == []


@pytest.mark.soak
def test_a_large_account_has_the_same_lag(start):
    ask = start("--burst", "0", "--search-lag", str(NEVER), seed="large")
    name = ask.get("/api/v2/persons/7")["data"]["name"]
    there = found(ask, "persons", name, exact_match="true", limit=100)
    change(ask, "persons", 7, name="Qqelse")
    assert 7 in found(ask, "persons", name, exact_match="true", limit=100) or len(there) == 100
    assert found(ask, "persons", "Qqelse", exact_match="true") == []


@pytest.mark.parametrize("wrong", [-1, "3", True, 1.5])
def test_an_invalid_lag_is_rejected(ask, wrong):
    assert ask.ask("POST", "/_emulator/search", json={"lag": wrong}).status_code == 400


def test_a_negative_lag_is_rejected_at_the_start():
    command = [sys.executable, "-m", "pipedrive_emulator", "--search-lag", "-1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--search-lag" in done.stderr
