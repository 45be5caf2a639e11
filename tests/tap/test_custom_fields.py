from __future__ import annotations

import pytest

from pipedrive_client.fields import FieldDefinition, parse_definition
from pipedrive_singer.column_names import slug
from tap_pipedrive.catalog.spec import RowForm
from tap_pipedrive.custom_fields.columns import FieldColumn, assign_columns, column_properties
from tap_pipedrive.custom_fields.layouts import flattener
from tap_pipedrive.settings import FieldMode, OptionMode

pytestmark = pytest.mark.dialects

A, B, C = "a" * 40, "b" * 40, "c" * 40


def field(key: str, name: str, field_type: str = "varchar", **options: str) -> FieldDefinition:
    labels = {int(number.lstrip("o")): label for number, label in options.items()}
    return FieldDefinition(key=key, name=name, field_type=field_type, options=labels)


def names(*definitions: FieldDefinition, remembered=None, reserved=(), options=OptionMode.LABEL) -> list[str]:
    columns = assign_columns(
        definitions, remembered=remembered or {}, reserved=reserved, mode=FieldMode.NAMED, options=options
    )
    return [column.name for column in columns]


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Lead score", "lead_score"),
        ("  Größe (m²) ", "grosse_m2"),
        ("Бюджет", "byudzhet"),
        ("2024 budget", "_2024_budget"),
        ("---", ""),
        ("", ""),
    ],
)
def test_labels_become_plain_column_names(label, expected):
    assert slug(label) == expected


def test_fields_with_one_name_are_distinguished_by_key_in_any_order():
    one, two = field(A, "Size"), field(B, "size")
    assert names(one, two) == ["size_aaaaaa", "size_bbbbbb"]
    assert names(two, one) == ["size_bbbbbb", "size_aaaaaa"]


def test_a_field_named_like_a_column_of_the_stream_gets_part_of_its_key_appended():
    assert names(field(A, "Title"), reserved=["title"]) == ["title_aaaaaa"]


def test_the_column_of_a_composite_part_is_reserved_too():
    money, text = field(A, "Budget", "monetary"), field(B, "Budget currency")
    assert names(money, text) == ["budget_aaaaaa", "budget_currency_bbbbbb"]


@pytest.mark.parametrize("field_type", ["varchar", "set", "address", "timerange", "monetary"])
@pytest.mark.parametrize("label", ["Delivery " * 20, "2" * 200])
def test_no_column_name_is_longer_than_databases_allow(label, field_type):
    """Not even those that take a piece of their key, nor their parts: cut to 63 they could be the same."""
    fields = [field(A, label, field_type), field(B, label + "x", field_type)]
    columns = assign_columns(
        fields, remembered={}, reserved=(), mode=FieldMode.NAMED, options=OptionMode.BOTH
    )
    for form in RowForm:
        made = column_properties(columns, mode=FieldMode.NAMED, options=OptionMode.BOTH, form=form)
        assert max(map(len, made)) <= 63
        assert {one[:1] for one in made} <= {"d", "2"}


def test_a_label_without_letters_still_gives_a_column():
    assert names(field(A, "???")) == ["custom_field_aaaaaa"]


def test_a_label_cannot_become_a_metadata_column_of_loaders():
    assert names(field(A, "_sdc_deleted_at"))[0] == "sdc_deleted_at"


def test_a_renamed_field_keeps_its_column():
    remembered = {A: ["score", "double", "Score"]}
    assert names(field(A, "Lead rating", "double"), remembered=remembered) == ["score"]


def test_a_new_field_does_not_get_the_name_of_a_remembered_one():
    remembered = {A: ["score", "double", "Score"]}
    assert names(field(A, "Rating", "double"), field(B, "Score"), remembered=remembered) == [
        "score",
        "score_bbbbbb",
    ]


def test_a_remembered_name_is_replaced_if_the_stream_now_has_a_column_of_this_name():
    remembered = {A: ["score", "double", "Score"], B: ["rank", "varchar", "Rank"]}
    given = names(field(A, "Score", "double"), field(B, "Rank"), remembered=remembered, reserved=["score"])
    assert given == ["score_aaaaaa", "rank"]


@pytest.mark.parametrize("gone", [False, True])
def test_option_id_columns_do_not_collide_with_existing_columns(gone):
    """Setting `option_values` was changed to `both`."""
    remembered = {
        A: ["owner", "enum", "Owner"],
        B: ["tier", "set", "Tier"],
        C: ["tier_id", "varchar", "Tier id"],
    }
    fields = [field(A, "Owner", "enum"), field(B, "Tier", "set"), field(C, "Tier id")]
    given = names(
        *([] if gone else fields), remembered=remembered, reserved=["owner_id"], options=OptionMode.BOTH
    )
    assert given == ["owner_aaaaaa", "tier_bbbbbb", "tier_id"]
    assert names(*fields, remembered=remembered, reserved=["owner_id"]) == ["owner", "tier", "tier_id"]


def test_a_deleted_fields_column_stays_and_is_null():
    columns = assign_columns(
        [],
        remembered={A: ["score", "double", "Score"]},
        reserved=(),
        mode=FieldMode.NAMED,
        options=OptionMode.LABEL,
    )
    rows = [{"id": 1, "custom_fields": {}}]
    flattener(columns, mode=FieldMode.NAMED, options=OptionMode.LABEL, form=RowForm.V2)(rows)
    assert rows == [{"id": 1, "score": None}]


FIELDS = [
    field("1" * 40, "Text"),
    field("2" * 40, "Amount", "monetary"),
    field("3" * 40, "Tier", "enum", o7="Gold"),
    field("4" * 40, "Tags", "set", o1="Red", o2="Blue"),
    field("5" * 40, "Period", "daterange"),
    field("6" * 40, "Contact", "people"),
    field("7" * 40, "Place", "address"),
    field("8" * 40, "Slot", "timerange"),
]
V2_VALUES = {
    "1" * 40: "hello",
    "2" * 40: {"value": 500, "currency": "EUR"},
    "3" * 40: 7,
    "4" * 40: [1, 2, 9],
    "5" * 40: {"value": "2026-01-01", "until": "2026-02-01"},
    "6" * 40: 12,
    "7" * 40: {"value": "Main St 1, Tallinn", "locality": "Tallinn", "country": "Estonia"},
    "8" * 40: {"value": "09:00:00", "until": "10:00:00", "timezone_name": "Europe/Tallinn"},
}
V1_VALUES = {
    "1" * 40: "hello",
    "2" * 40: 500,
    "2" * 40 + "_currency": "EUR",
    "3" * 40: "7",
    "4" * 40: "1,2,9",
    "5" * 40: "2026-01-01",
    "5" * 40 + "_until": "2026-02-01",
    "6" * 40: {"name": "Ann", "value": 12},
    "7" * 40: "Main St 1, Tallinn",
    "7" * 40 + "_locality": "Tallinn",
    "7" * 40 + "_country": "Estonia",
    "8" * 40: "09:00:00",
    "8" * 40 + "_until": "10:00:00",
    "8" * 40 + "_timezone_id": 83,
}
EXPECTED = {
    "text": "hello",
    "amount": 500,
    "amount_currency": "EUR",
    "tier": "Gold",
    "tags": ["Red", "Blue", "9"],
    "period": "2026-01-01",
    "period_until": "2026-02-01",
    "contact": 12,
    "place": "Main St 1, Tallinn",
    "place_locality": "Tallinn",
    "place_country": "Estonia",
    "place_route": None,
    "slot": "09:00:00",
    "slot_until": "10:00:00",
}


def columns(options=OptionMode.LABEL, mode=FieldMode.NAMED) -> list[FieldColumn]:
    return assign_columns(FIELDS, remembered={}, reserved=(), mode=mode, options=options)


@pytest.mark.parametrize("form", list(RowForm))
def test_both_layouts_give_the_same_columns(form):
    row = {"id": 1, "custom_fields": dict(V2_VALUES)} if form is RowForm.V2 else {"id": 1, **V1_VALUES}
    flattener(columns(), mode=FieldMode.NAMED, options=OptionMode.LABEL, form=form)([row])
    assert {name: row[name] for name in EXPECTED} == EXPECTED
    assert row["slot_timezone" if form is RowForm.V2 else "slot_timezone_id"] in ("Europe/Tallinn", "83")


@pytest.mark.parametrize("form", list(RowForm))
@pytest.mark.parametrize("options", list(OptionMode))
@pytest.mark.parametrize("mode", list(FieldMode))
def test_every_column_of_a_row_is_in_the_schema(form, options, mode):
    fields = columns(options, mode)
    row = {"custom_fields": dict(V2_VALUES)} if form is RowForm.V2 else dict(V1_VALUES)
    flattener(fields, mode=mode, options=options, form=form)([row])
    declared = column_properties(fields, mode=mode, options=options, form=form)
    assert set(row) == set(declared)
    assert ("custom_fields" in row) == (mode is FieldMode.NESTED)


def test_options_as_ids_and_as_both():
    row = {"custom_fields": dict(V2_VALUES)}
    flattener(columns(OptionMode.BOTH), mode=FieldMode.NAMED, options=OptionMode.BOTH, form=RowForm.V2)([row])
    assert (row["tier"], row["tier_id"], row["tags_id"]) == ("Gold", 7, [1, 2, 9])
    row = {"custom_fields": dict(V2_VALUES)}
    flattener(columns(OptionMode.ID), mode=FieldMode.NAMED, options=OptionMode.ID, form=RowForm.V2)([row])
    assert (row["tier"], row["tags"]) == (7, [1, 2, 9])


def test_a_schema_column_contains_the_field_it_is_derived_from():
    declared = column_properties(columns(), mode=FieldMode.NAMED, options=OptionMode.LABEL, form=RowForm.V2)
    assert declared["amount_currency"]["x-pipedrive"] == {
        "key": "2" * 40,
        "name": "Amount",
        "field_type": "monetary",
        "part": "currency",
    }


def test_a_definition_is_read_from_a_published_row():
    parsed = parse_definition(
        {
            "field_name": "Priority",
            "field_code": A,
            "field_type": "enum",
            "options": [{"id": 1, "label": "Low"}, {"id": "won", "label": "Won"}],
            "is_custom_field": True,
        }
    )
    assert parsed == FieldDefinition(key=A, name="Priority", field_type="enum", options={1: "Low"})
