"""Properties of merged compound values: missing parts of a value keep the stored value."""

from __future__ import annotations

from hypothesis import assume, given, reject
from hypothesis import strategies as st

from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values.compound import EMAILS, PHONES, PRICES, Entries, Parts, contact_identity, merged

WORDS = st.text(alphabet="abcÄé1 ", min_size=1, max_size=5).filter(str.strip)
EMAIL = st.sampled_from(["a@x.example", "A@X.example", "b@x.example", "ç@x.example", "c\u0327@x.example"])
PHONE = st.sampled_from(["+372 555 1", "+3725551", "00372 5551", "555-2", "555 2", "7, 8"])
LABEL = st.sampled_from(["work", "home", "other"])
CURRENCY = st.sampled_from(["EUR", "USD", "JPY"])
NUMBER = st.integers(0, 9) | st.just(2.5)
PARTS = ("value", "country", "locality", "route", "postal_code")
HELD = st.fixed_dictionaries({"value": WORDS}, optional=dict.fromkeys(PARTS[1:], WORDS))
CHANGES = st.dictionaries(st.sampled_from(PARTS), WORDS | st.none(), min_size=1, max_size=3)


def held_contacts(values):
    """A list as Pipedrive shows it: distinct entries, one of them primary."""

    def shown(entries):
        return [{"value": v, "label": label, "primary": not at} for at, (v, label) in enumerate(entries)]

    return st.lists(st.tuples(values, LABEL), max_size=4, unique_by=lambda one: one[0]).map(shown)


def given_contacts(values, kind, *, whole):
    entry = st.fixed_dictionaries({"value": values}, optional={"label": LABEL, "primary": st.booleans()})
    least = 0 if whole else 1
    lists = st.lists(entry, min_size=least, max_size=3)
    return lists.map(lambda found: Entries(found, kind=kind, whole=whole))


COSTS = {"cost": NUMBER, "direct_cost": NUMBER, "notes": WORDS}
FILLED_IN = {"cost": 0, "notes": ""}  # stored by Pipedrive for a part that is not sent
HELD_PRICES = st.lists(
    st.fixed_dictionaries({"currency": CURRENCY, "price": NUMBER}, optional=COSTS),
    max_size=3,
    unique_by=lambda one: one["currency"],
)
GIVEN_PRICES = st.lists(
    st.fixed_dictionaries({"currency": CURRENCY}, optional={"price": NUMBER, **COSTS}), min_size=1, max_size=3
).map(lambda found: Entries(found, kind=PRICES, whole=False))


def or_nothing(held, value):
    """The merged value, or nothing where the parts alone make none."""
    try:
        return merged(held, value)
    except RecordFault:
        return reject()


def identities(entries, kind):
    return {contact_identity(str(one["value"]), kind) for one in entries}


# ── objects ──────────────────────────────────────────────────────────────────────────────────────


@given(HELD | st.none(), CHANGES, st.booleans())
def test_merging_parts_again_changes_nothing(held, change, derived):
    value = Parts(change, derived=derived)
    once = or_nothing(held, value)
    assert merged(once, value) == once or once is None


@given(HELD, CHANGES)
def test_missing_parts_do_not_change(held, change):
    result = or_nothing(held, Parts(change))
    if result is None:
        assert change.get("value", "") is None
        return
    assert {name: part for name, part in result.items() if name not in change} == {
        name: part for name, part in held.items() if name not in change
    }
    for name, part in change.items():
        assert result.get(name) == part


@given(HELD, CHANGES, st.sets(st.sampled_from(PARTS)))
def test_columns_of_parts_may_arrive_in_any_order(held, change, first):
    assume(change.get("value", "") is not None)
    one = Parts({name: part for name, part in change.items() if name in first})
    other = Parts({name: part for name, part in change.items() if name not in first})
    assert merged(merged(held, one), other) == merged(merged(held, other), one)


@given(HELD, WORDS)
def test_a_new_address_line_keeps_no_parts_of_the_old_one(held, line):
    assume(line.strip() != held["value"].strip())
    assert merged(held, Parts({"value": line}, derived=True)) == {"value": line}


# ── emails and phones ────────────────────────────────────────────────────────────────────────────

CONTACTS = st.one_of(
    *(
        st.tuples(held_contacts(values), given_contacts(values, kind, whole=whole))
        for values, kind in ((EMAIL, EMAILS), (PHONE, PHONES))
        for whole in (False, True)
    )
)


@given(CONTACTS)
def test_merging_contacts_again_changes_nothing(both):
    held, value = both
    once = merged(held, value)
    assert merged(once, value) == once


@given(CONTACTS)
def test_a_merged_list_has_one_primary_entry_and_none_twice(both):
    held, value = both
    result = merged(held, value)
    assert [one["primary"] for one in result].count(True) == bool(result)
    assert len(identities(result, value.kind)) == len(result)
    assert all(one["label"] for one in result)


@given(CONTACTS)
def test_stored_entries_are_removed_only_by_a_list(both):
    held, value = both
    result = merged(held, value)
    named = identities(value, value.kind)
    assert identities(result, value.kind) == (named if value.whole else named | identities(held, value.kind))


@given(CONTACTS)
def test_missing_entries_keep_value_and_label(both):
    held, value = both
    assume(not value.whole)
    result = {contact_identity(one["value"], value.kind): one for one in merged(held, value)}
    seen = identities(value, value.kind)
    for entry in held:
        key = contact_identity(entry["value"], value.kind)
        if key not in seen:
            assert (result[key]["value"], result[key]["label"]) == (entry["value"], entry["label"])
        seen.add(key)  # of two spellings the first is the entry


@given(held_contacts(EMAIL), st.lists(EMAIL, min_size=1, max_size=3))
def test_the_order_of_plain_addresses_does_not_matter_for_what_is_stored(held, addresses):
    assume(held)

    def after(order):
        entries = Entries([{"value": one} for one in order], kind=EMAILS, whole=False)
        result = merged(held, entries)
        return {contact_identity(one["value"], EMAILS): (one["label"], one["primary"]) for one in result}

    assert after(addresses) == after(addresses[::-1])


# ── prices ───────────────────────────────────────────────────────────────────────────────────────


@given(HELD_PRICES, GIVEN_PRICES)
def test_merging_prices_again_changes_nothing(held, value):
    once = merged(held, value)
    assert merged(once, value) == once


@given(HELD_PRICES, GIVEN_PRICES)
def test_a_price_changes_only_its_currency_and_the_given_parts(held, value):
    result = {one["currency"]: one for one in merged(held, value)}
    assert len(result) == len(merged(held, value))
    assert result.keys() == {one["currency"] for one in (*held, *value)}
    for before in held:
        named = {name for one in value if one["currency"] == before["currency"] for name in one}
        now = result[before["currency"]]
        for name in before.keys() - named:
            assert now.get(name, FILLED_IN.get(name)) == before[name]


@given(HELD_PRICES, GIVEN_PRICES)
def test_prices_of_different_currencies_may_arrive_in_any_order(held, value):
    assume(len({one["currency"] for one in value}) == len(value))
    turned = Entries(value[::-1], kind=PRICES, whole=False)

    def by_currency(prices):
        return {one["currency"]: one for one in prices}

    assert by_currency(merged(held, value)) == by_currency(merged(held, turned))
