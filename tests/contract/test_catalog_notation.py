"""Notation of columns, and errors of entries of the catalogue."""

from __future__ import annotations

import pytest

from tap_pipedrive.catalog import STREAMS, collect
from tap_pipedrive.catalog.glossary import GLOSSARY
from tap_pipedrive.catalog.notation import columns


def test_notation_gives_types_keys_and_descriptions():
    found = columns("id! options:[{id label}] value:int|str|{id} values:*num", of="deals")
    assert found["id"] == {"type": ["integer"], "description": GLOSSARY["id"][1]}
    assert found["options"]["items"]["properties"]["id"]["description"] == GLOSSARY["options.id"][1]
    assert found["value"]["type"] == ["integer", "string", "object", "null"]
    assert found["value"]["description"] == GLOSSARY["deals.value"][1]
    assert found["values"]["additionalProperties"] == {"type": ["number", "null"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id id", "column id.*twice"),
        ("nonesuch", "column nonesuch has no type: give one, such as `nonesuch:str`"),
        ("nonesuch owner:{naught}", "columns nonesuch, naught have no type"),
        ("id:nonesuch", "unknown type 'nonesuch'"),
        ("owner:{id", "expected more"),
        ("id, name", "cannot read the columns"),
    ],
)
def test_notation_rejects_what_it_cannot_read(text, message):
    with pytest.raises(ValueError, match=message):
        columns(text)


def test_a_wrong_entry_is_named_by_stream_file_and_line(tmp_path):
    source = tmp_path / "catalog" / "odd.py"
    source.parent.mkdir()
    source.write_text('spec(\n    name="deal_moods",\n    schema=columns("id! nonesuch naught"),\n)\n')
    code = compile(source.read_text(), source, "exec")
    place = r"stream deal_moods, .*catalog/odd\.py, line 3"
    with pytest.raises(ValueError, match=rf"columns nonesuch, naught have no glossary entry: .*{place}"):
        exec(code, {"spec": dict, "columns": columns})


def test_two_streams_of_one_name_are_rejected():
    spec = STREAMS["deals"]
    with pytest.raises(ValueError, match="two streams are called deals"):
        collect([spec, spec])


def test_an_unknown_parent_is_rejected():
    with pytest.raises(ValueError, match="its parent deals does not exist"):
        collect([STREAMS["deal_products"]])
