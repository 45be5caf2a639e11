"""A column that a record has twice with different values fails the record; nothing is written of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_pipedrive.intake import messages
from target_pipedrive.intake.repeated_keys import repeated_key
from tests.target.helpers import lines_of, rows, schema, state
from tests.target.processes import Process

HEAD = lines_of(schema("persons", "id name job_title emails", ["id"])).encode()
TEXTS = st.text(st.sampled_from('ab":, \\é\t'), max_size=4)
NAMES = st.sampled_from(["a", "b", 'c":', "d e", "é", "record", "type"])
VALUES = st.recursive(
    st.none() | st.integers(0, 2) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.lists(st.tuples(NAMES, inner), max_size=3).map(tuple),
    max_leaves=6,
)
PLAIN = (",", ":")
STYLES = st.sampled_from([PLAIN, (", ", ": "), (", ", " : "), (",", "\t:"), (" ,", "  :"), (", ", "\r: ")])


@pytest.fixture
def process(small, tmp_path):
    return Process(small.config(), tmp_path)


def line(content: str) -> bytes:
    return f'{{"type":"RECORD","stream":"persons","record":{content}}}\n'.encode()


AMBIGUOUS = [
    ('{"id":1,"name":"A","name":"B"}', "name"),
    ('{"id": 1, "name": "10:30", "job_title": "x", "name": "B"}', "name"),
    ('{"id" : 1, "name" : "A", "name" : null}', "name"),
    ('{"id":1,"name":"A","na\\u006de":"B"}', "name"),
    ('{"id":1,"id":2,"name":"B"}', "id"),
    ('{"id":1,"emails":[{"value":"a@x.io","value":"b@x.io"}]}', "value"),
    ('{"id":1,"name":"A"},"record":{"id":1,"name":"B"}', "record"),
]


def test_records_with_different_values_of_a_column_fail_alone(process, small):
    before = small.rows("persons")[:2]
    content = b"".join(line(one) for one, _ in AMBIGUOUS)
    same = '{"id":4,"name":"Same","job_title":"x","name":"Same"}'
    done = process(HEAD + content + line('{"id":3,"name":"Kept"}') + line(same) + lines_of(state(1)).encode())
    assert (done.code, done.outcomes, done.out) == (1, ["failed"] * 7 + ["updated"] * 2, "1\n")
    assert [one["column"] for one in done.failed] == [column for _, column in AMBIGUOUS]
    assert [one["line"] for one in done.failed] == [*range(2, 9)]
    assert all(f"{one['column']} has different values" in one["error"] for one in done.failed)
    assert small.rows("persons")[:2] == before
    assert [one["name"] for one in small.rows("persons")[2:4]] == ["Kept", "Same"]
    again = process(done.rejects_file.read_bytes())
    assert (again.code, again.outcomes) == (1, ["failed"] * 7)


@pytest.mark.parametrize(("policy", "code"), [("stop", 2), ("reject", 1)])
def test_a_schema_with_different_values_of_a_key_writes_no_record(process, small, policy, code):
    content = lines_of(rows("persons", {"id": 1, "name": "B"}, keys=["id"]), state(1)).encode()
    content = content.replace(b'"key_properties"', b'"key_properties": [], "key_properties"', 1)
    before = small.rows("persons")
    done = process(content, on_stream_error=policy)
    assert done.code == code
    assert "key_properties" in done.log
    assert small.rows("persons") == before
    assert done.out == ("" if code == 2 else "1\n")


def text_of(value: object, style: tuple[str, str]) -> str:
    """Return JSON in which objects, given as tuples of pairs, may have a key twice."""
    comma, colon = style
    if isinstance(value, tuple):
        pairs = [f"{json.dumps(name)}{colon}{text_of(one, style)}" for name, one in value]
        return "{" + comma.join(pairs) + "}"
    if isinstance(value, list):
        return "[" + comma.join(text_of(one, style) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def differs(value: object) -> bool:
    """Return whether an object has different values of one key."""
    if isinstance(value, tuple):
        texts: dict[str, set[str]] = {}
        for name, one in value:
            texts.setdefault(name, set()).add(repr(json.loads(text_of(one, PLAIN))))
        return any(len(one) > 1 for one in texts.values()) or any(differs(one) for _, one in value)
    return isinstance(value, list) and any(map(differs, value))


@given(st.lists(st.tuples(NAMES, VALUES), max_size=4).map(tuple), STYLES, STYLES)
def test_the_count_of_keys_finds_exactly_what_decoding_finds(record, outside, inside):
    envelope = text_of((("type", "RECORD"), ("stream", "s"), ("record", 0)), outside)
    content = envelope.removesuffix("0}").encode() + text_of(record, inside).encode() + b"}"
    message = messages._decode(content)
    found = repeated_key(content, message, messages._decode_record(message.record))
    assert (found is not None) == differs(record)
