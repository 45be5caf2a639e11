"""Catalogs as people write them: what they leave out or deselect costs no key."""

from __future__ import annotations

import pytest

from tests.support.singer import run_tap, select


@pytest.mark.parametrize("entry", [{}, {"key_properties": []}, {"key_properties": ["no_column"]}])
def test_a_catalog_of_names_alone_is_enough(small, entry):
    out = run_tap(small.config(), catalog={"streams": [{"tap_stream_id": "persons", **entry}]})
    assert set(out.records) == {"persons"}
    assert out.schemas["persons"]["key_properties"] == ["id"]
    assert [message["type"] for message in out.messages].count("SCHEMA") == 1
    assert out.faults() == []


def test_keys_come_though_they_are_deselected(small):
    catalog = select(small.config(), "persons")
    (entry,) = [one for one in catalog["streams"] if one["tap_stream_id"] == "persons"]
    for item in entry["metadata"]:
        if item["breadcrumb"] in (["properties", "id"], ["properties", "name"]):
            item["metadata"].update(selected=False, inclusion="available")
    out = run_tap(small.config(), catalog=catalog)
    assert "name" not in out.schemas["persons"]["schema"]["properties"]
    assert "name" not in out.records["persons"][0]
    assert len(out.latest("persons")) == len(out.records["persons"])
    assert out.faults() == []
