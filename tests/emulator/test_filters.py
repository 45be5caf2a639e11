"""Saved filters: every operator on every field of every type, compared with an independent evaluation."""

from __future__ import annotations

import itertools

import pytest

from tests.emulator.checked import Checked
from tests.emulator.filter_oracle import TYPES, held, keeps, wanted_of

# The type of a field → the kind of the helpers it belongs to; the others are kinds themselves.
KINDS = {
    **dict.fromkeys(("varchar_auto", "text", "phone", "address", "varchar_options"), "varchar"),
    **dict.fromkeys(("boolean", "billing_frequency"), "enum"),
    **dict.fromkeys(("projects_board", "projects_phase"), "pipeline"),
    **dict.fromkeys(("deals", "lead"), "deal"),
    "people": "person",
    "org": "organization",
    "price_list": "monetary",
}
# Operators that look beyond the row; they have tests of their own.
ELSEWHERE = {"has_been", "belongs_to_team"}
EMPTY = ("IS NULL", "IS NOT NULL")


@pytest.fixture
def call(ask):
    return Checked(ask)


def _body(kind, *every, some=()):
    groups = [{"glue": "and", "conditions": list(every)}, {"glue": "or", "conditions": list(some)}]
    return {"name": "F", "type": kind, "conditions": {"glue": "and", "conditions": groups}}


def _saved(call, kind, *every, some=()):
    """The number of a new filter."""
    answer = call.ask.send("POST", "/v1/filters", _body(kind, *every, some=some))
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["id"]


def _listed(call, kind, **query):
    """Ids of the whole list of a type."""
    answer = call.ask.get(TYPES[kind][3], limit=500, **query)
    assert answer["additional_data"].get("next_cursor") is None
    return [row["id"] for row in answer["data"] or ()]


def _fields(tables, kind):
    """The fields that conditions on the rows of a type can name; leads have the custom fields of deals."""
    own, *inherited = TYPES[kind][1]
    rows = [row for row in tables[own] if row["active_flag"]]
    return rows + [
        row for name in inherited for row in tables[name] if row["is_custom"] and row["active_flag"]
    ]


def _operators(helpers, field_type):
    kind = KINDS.get(field_type, field_type)
    named = helpers["operators"].get(kind)
    if named is None:
        return EMPTY
    names = [*itertools.chain(*named)] if isinstance(named, list) else [*named]
    return [name for name in names if name not in ELSEWHERE] + [
        name for name in helpers["deprecated_operators"] if kind == "varchar"
    ]


@pytest.mark.parametrize("kind", TYPES)
def test_every_operator_of_every_field_keeps_the_right_rows(call, kind):
    about, _, table, _ = TYPES[kind]
    helpers, whole = call.data("v1:getFilterHelpers"), set(_listed(call, kind))
    tables = call.ask.tables()
    rows = [row for row in tables[table] if row["id"] in whole]
    asked, wrong = 0, []
    for field in _fields(tables, kind):
        values = [held(kind, field, row) for row in rows]
        for operator in _operators(helpers, field["field_type"]):
            want = None if operator in EMPTY else wanted_of(field["field_type"], operator, values)
            condition = {"object": about, "field_id": field["id"], "operator": operator, "value": want}
            number = _saved(call, kind, condition)
            found = _listed(call, kind, filter_id=number)
            right = {
                row["id"]
                for row, value in zip(rows, values, strict=True)
                if keeps(field["field_type"], operator, value, want or "")
            }
            asked += 1
            if set(found) != right or len(found) != len(right):
                wrong.append((field["key"], field["field_type"], operator, want, len(found), len(right)))
    assert wrong == []
    assert asked > 60


def _number(call, kind, key):
    return next(row["id"] for row in _fields(call.ask.tables(), kind) if key in (row["key"], row["name"]))


def _on(call, kind, key, operator, value=None, about=None, extra=None):
    """A condition on a field of a type's rows."""
    field = _number(call, kind, key)
    condition = {"object": about or TYPES[kind][0], "field_id": str(field), "operator": operator}
    return {**condition, "value": value, "extra_value": extra}


def _kept(call, kind, *every, some=()):
    return _listed(call, kind, filter_id=_saved(call, kind, *every, some=some))


def test_all_of_the_first_group_and_one_of_the_second(call):
    deals = [row for row in call.ask.tables()["deals"] if row["id"] in _listed(call, "deals")]
    every = [_on(call, "deals", "status", "=", "open"), _on(call, "deals", "value", ">", "100")]
    some = [_on(call, "deals", "user_id", "=", "1"), _on(call, "deals", "id", "<", "6")]
    right = [row["id"] for row in deals if row["status"] == "open" and row["value"] > 100]
    assert _kept(call, "deals", *every) == right
    either = {row["id"] for row in deals if row["owner_id"] == 1 or row["id"] < 6}
    assert _kept(call, "deals", *every, some=some) == [number for number in right if number in either]
    assert _kept(call, "deals", some=some) == sorted(either)
    assert _kept(call, "deals") == [row["id"] for row in deals]


def _live(tables, name):
    return [row for row in tables[name] if not row.get("is_deleted")]


RELATED = {
    ("deals", "people"): lambda t, row: [p for p in _live(t, "persons") if p["id"] == row["person_id"]],
    ("deals", "org"): lambda t, row: [o for o in _live(t, "organizations") if o["id"] == row["org_id"]],
    ("deals", "activity"): lambda t, row: [a for a in _live(t, "activities") if a["deal_id"] == row["id"]],
    ("deals", "products"): lambda t, row: [
        p
        for p in _live(t, "products")
        if any(line["deal_id"] == row["id"] and line["product_id"] == p["id"] for line in t["deal_products"])
    ],
    ("leads", "people"): lambda t, row: [p for p in _live(t, "persons") if p["id"] == row["person_id"]],
    ("leads", "org"): lambda t, row: [
        o for o in _live(t, "organizations") if o["id"] == row["organization_id"]
    ],
    ("org", "people"): lambda t, row: [p for p in _live(t, "persons") if p["org_id"] == row["id"]],
    ("org", "deals"): lambda t, row: [d for d in _live(t, "deals") if d["org_id"] == row["id"]],
    ("org", "activity"): lambda t, row: [a for a in _live(t, "activities") if a["org_id"] == row["id"]],
    ("people", "org"): lambda t, row: [o for o in _live(t, "organizations") if o["id"] == row["org_id"]],
    ("people", "deals"): lambda t, row: [d for d in _live(t, "deals") if d["person_id"] == row["id"]],
    ("people", "activity"): lambda t, row: [a for a in _live(t, "activities") if a["person_id"] == row["id"]],
    ("products", "deals"): lambda t, row: [
        d
        for d in _live(t, "deals")
        if any(line["product_id"] == row["id"] and line["deal_id"] == d["id"] for line in t["deal_products"])
    ],
    ("activity", "deals"): lambda t, row: [d for d in _live(t, "deals") if d["id"] == row["deal_id"]],
    ("activity", "people"): lambda t, row: [p for p in _live(t, "persons") if p["id"] == row["person_id"]],
    ("activity", "org"): lambda t, row: [o for o in _live(t, "organizations") if o["id"] == row["org_id"]],
    ("projects", "deals"): lambda t, row: [d for d in _live(t, "deals") if d["id"] in row["deal_ids"]],
    ("projects", "people"): lambda t, row: [p for p in _live(t, "persons") if p["id"] in row["person_ids"]],
    ("projects", "org"): lambda t, row: [o for o in _live(t, "organizations") if o["id"] in row["org_ids"]],
}


@pytest.mark.parametrize(("kind", "other"), RELATED, ids=str)
def test_conditions_on_what_is_related(call, kind, other):
    tables, whole = call.ask.tables(), set(_listed(call, kind))
    rows = [row for row in tables[TYPES[kind][2]] if row["id"] in whole]
    middle = sorted(row["id"] for row in tables[TYPES[other][2]])[len(tables[TYPES[other][2]]) // 4]
    condition = _on(call, other, "id", "<=", middle)
    right = {row["id"] for row in rows if any(r["id"] <= middle for r in RELATED[kind, other](tables, row))}
    assert set(_kept(call, kind, condition)) == right
    assert right


def test_stages_that_a_deal_was_in_and_teams_of_its_owner(call):
    call("v2:updateDeal", id=1, body={"stage_id": 2})
    call("v2:updateDeal", id=1, body={"stage_id": 3})
    there = {row["id"] for row in call.ask.tables()["deals"] if row["stage_id"] == 2}
    now, once = (_on(call, "deals", "stage_id", operator, "2") for operator in ("=", "has_been"))
    assert 1 not in _kept(call, "deals", now)
    assert set(_kept(call, "deals", once)) == (there & set(_listed(call, "deals"))) | {1}
    team = call.ask.tables()["legacy_teams"][0]
    in_team = _kept(call, "deals", _on(call, "deals", "user_id", "belongs_to_team", str(team["id"])))
    owners = {row["id"]: row["owner_id"] for row in call.ask.tables()["deals"]}
    assert in_team == [number for number in _listed(call, "deals") if owners[number] in team["users"]]


def test_amounts_of_a_currency_and_parts_of_addresses(call):
    body = {"name": "P", "prices": [{"currency": "EUR", "price": 31.5}, {"currency": "USD", "price": 77}]}
    product = call.data("v2:addProduct", body=body)["id"]
    price = ("products", "unit_price", "=", "77.0")
    assert product in _kept(call, "products", _on(call, *price))
    assert product in _kept(call, "products", _on(call, *price, extra="USD"))
    assert product not in _kept(call, "products", _on(call, *price, extra="EUR"))
    organization = call.data(
        "v2:addOrganization", body={"name": "O", "address": {"value": "A 1, Qqtown", "locality": "Qqtown"}}
    )["id"]
    place = ("org", "address", "=", "qqtown")
    assert _kept(call, "org", _on(call, *place, extra="locality")) == [organization]
    assert _kept(call, "org", _on(call, *place, extra="route")) == []


BROKEN = {
    "unknown object": {"object": "cat"},
    "object out of reach": {"object": "project"},
    "no field": {"field_id": None},
    "unknown field": {"field_id": "99999"},
    "field of another object": {"field_id": "1001"},
    "unknown operator": {"operator": "IN"},
    "operator of another type": {"operator": "LIKE '%$%'"},
    "no value": {"value": None},
    "empty value": {"value": ""},
    "value of another type": {"value": "many"},
    "value as a list": {"value": [1]},
    "value as a boolean": {"value": True},
    "value beside a test for emptiness": {"operator": "IS NULL"},
    "unknown currency": {"extra_value": "XXX"},
    "unknown key": {"colour": "red"},
}


@pytest.mark.parametrize("part", BROKEN.values(), ids=BROKEN)
def test_rejects_a_condition_that_is_not_as_published(call, part):
    right = _on(call, "deals", "value", ">", "100")
    call("v1:addFilter", body=_body("deals", right))
    before = call.ask.dump()
    call.refused("v1:addFilter", 400, body=_body("deals", {**right, **part}))
    call.refused(
        "v1:updateFilter", 400, id=1, body={"conditions": _body("deals", {**right, **part})["conditions"]}
    )
    assert call.ask.dump() == before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("add_time", "2026-02-30"),
        ("add_time", "2026-01-01T00:00:00Z"),
        ("add_time", "next_year"),
        ("expected_close_date", "01.01.2026"),
        ("is_archived", "true"),
        ("user_id", "Mari"),
        ("Delivery window", "soon"),
    ],
)
def test_rejects_values_that_do_not_fit_the_field(call, key, value):
    call.refused("v1:addFilter", 400, body=_body("deals", _on(call, "deals", key, "=", value)))


GROUPS = {
    "glued by or": {
        "glue": "or",
        "conditions": [{"glue": "and", "conditions": []}, {"glue": "or", "conditions": []}],
    },
    "one group": {"glue": "and", "conditions": [{"glue": "and", "conditions": []}]},
    "groups in the other order": {
        "glue": "and",
        "conditions": [{"glue": "or", "conditions": []}, {"glue": "and", "conditions": []}],
    },
    "no conditions": {"glue": "and", "conditions": [{"glue": "and"}, {"glue": "or"}]},
    "nothing": {},
    "a third level": {
        "glue": "and",
        "conditions": [
            {"glue": "and", "conditions": [{"glue": "and", "conditions": []}]},
            {"glue": "or", "conditions": []},
        ],
    },
}


@pytest.mark.parametrize("conditions", GROUPS.values(), ids=GROUPS)
def test_rejects_groups_that_are_not_as_published(call, conditions):
    call.refused("v1:addFilter", 400, body={"name": "F", "type": "deals", "conditions": conditions})


def test_at_most_sixteen_conditions_are_accepted(call):
    one = _on(call, "deals", "value", ">=", "0")
    call("v1:addFilter", body=_body("deals", *[one] * 10, some=[one] * 6))
    call.refused("v1:addFilter", 400, body=_body("deals", *[one] * 10, some=[one] * 7))


def test_only_filters_of_the_type_that_exist_apply(call):
    numbers = {kind: _saved(call, kind) for kind in TYPES}
    for kind in TYPES:
        for other, number in numbers.items():
            status = 200 if kind == other else 400
            query = {"filter_id": number}
            assert call.ask.ask("GET", TYPES[kind][3], params=query).status_code == status, (kind, other)
        assert call.ask.ask("GET", TYPES[kind][3], params={"filter_id": 9999}).status_code == 400
    listed = ",".join(str(number) for number in numbers.values())
    assert call.data("v1:deleteFilters", query={"ids": f"{listed},9999"}) == {"id": [*numbers.values()]}
    for kind, number in numbers.items():
        assert call.ask.ask("GET", TYPES[kind][3], params={"filter_id": number}).status_code == 400
        call.refused("v1:getFilter", 404, id=number)
    assert not {row["id"] for row in call.data("v1:getFilters")} & set(numbers.values())


def test_a_changed_filter_and_changed_rows_count_at_once(call):
    number = _saved(call, "deals", _on(call, "deals", "title", "=", "Qq one"))
    assert _listed(call, "deals", filter_id=number) == []
    deal = call.data("v2:addDeal", body={"title": "Qq one"})["id"]
    assert _listed(call, "deals", filter_id=number) == [deal]
    conditions = _body("deals", _on(call, "deals", "title", "=", "Qq two"))["conditions"]
    call("v1:updateFilter", id=number, body={"conditions": conditions})
    assert _listed(call, "deals", filter_id=number) == []
    call("v2:updateDeal", id=deal, body={"title": "Qq two"})
    assert _listed(call, "deals", filter_id=number) == [deal]
    call("v2:deleteDeal", id=deal)
    assert _listed(call, "deals", filter_id=number) == []


def test_a_deleted_field_keeps_nothing(call):
    field = call.data("v1:addDealField", body={"name": "Qq", "field_type": "varchar"})
    number = _saved(call, "deals", _on(call, "deals", "Qq", "IS NULL"))
    assert _listed(call, "deals", filter_id=number) == _listed(call, "deals")
    call("v1:deleteDealField", id=field["id"])
    assert _listed(call, "deals", filter_id=number) == []
    call.refused(
        "v1:addFilter",
        400,
        body=_body("deals", {"object": "deal", "field_id": field["id"], "operator": "IS NULL"}),
    )


@pytest.mark.parametrize("sort", [{}, {"sort_by": "update_time", "sort_direction": "desc"}], ids=str)
@pytest.mark.parametrize("limit", [1, 3])
def test_filtered_lists_are_paginated(call, sort, limit):
    number = _saved(call, "deals", _on(call, "deals", "value", ">", "100"))
    whole = call.ask.get("/api/v2/deals", filter_id=number, limit=500, **sort)["data"]
    pages = call.ask.pages("/api/v2/deals", filter_id=number, limit=limit, **sort)
    assert [row for page in pages for row in page] == whole
    assert {len(page) for page in pages[:-1]} == {limit}
    assert len(whole) > 6
