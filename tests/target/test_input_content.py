"""Invalid content: each such record or line fails alone, with one message that contains its position."""

from __future__ import annotations

import json

import pytest

from tests.target.helpers import lines_of, record, rows, schema, state
from tests.target.processes import Process

KEY_40 = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def process(small, tmp_path):
    return Process(small.config(), tmp_path)


def row(small, table, number):
    return next(one for one in small.rows(table) if one["id"] == number)


def line(stream: str, content: bytes) -> bytes:
    """A RECORD line with a record that json would not write."""
    return b'{"type":"RECORD","stream":"%b","record":%b}\n' % (stream.encode(), content)


# --- bytes that are not UTF-8 ------------------------------------------------------------------------


def test_a_record_that_is_not_utf8_is_rejected_and_the_others_are_written(process, small):
    done = process.case("26b-invalid-utf8")
    assert done.code == 1
    assert done.out == '{"x": 1}\n'
    names = {one["name"] for one in small.rows("persons")}
    assert {"A", "C"} <= names
    assert not any(name.startswith("M") and name.endswith("ller") for name in names)
    (failed,) = done.failed
    assert (failed["line"], failed["stream"], failed["column"]) == (3, "persons", "name")
    assert "UTF-8" in failed["error"]


def test_a_rejected_line_that_is_not_utf8_is_kept_byte_for_byte(process, small):
    first = process.case("26b-invalid-utf8")
    again = process(first.rejects_file.read_bytes())
    assert again.code == 1
    assert [one["line_base64"] for one in again.rejects if "line_base64" in one] == [
        one["line_base64"] for one in first.rejects if "line_base64" in one
    ]
    assert not any("\ufffd" in str(one["name"]) for one in small.rows("persons"))


def test_half_of_an_emoji_fails_its_record_with_its_column(process, small):
    content = lines_of(schema("deals", "id title", ["id"])).encode()
    halves = (b"Party \\ud83d", b"\\ude00", b"\\ude00\\ud83d", b"\\ud83d\\ude00")
    content += b"".join(
        line("deals", b'{"id":%d,"title":"%b"}' % (at + 1, one)) for at, one in enumerate(halves)
    )
    done = process(content)
    assert (done.code, done.outcomes) == (1, ["failed", "failed", "failed", "updated"])
    assert [one["key"] for one in done.failed] == [{"id": 1}, {"id": 2}, {"id": 3}]
    assert {one["column"] for one in done.failed} == {"title"}
    assert all("half of a character" in one["error"] for one in done.failed)
    assert row(small, "deals", 4)["title"] == "\U0001f600"
    assert process(done.rejects_file.read_bytes()).outcomes == ["failed"] * 3


def test_nan_fails_its_record_with_its_column(process, small):
    content = lines_of(schema("deals", "id value label_ids", ["id"])).encode()
    for at, value in enumerate((b"NaN", b"-Infinity", b"7"), 1):
        content += line("deals", b'{"id":%d,"value":%b}' % (at, value))
    content += line("deals", b'{"id":4,"label_ids":[1,NaN]}')
    done = process(content)
    assert (done.code, done.outcomes) == (1, ["failed", "failed", "updated", "failed"])
    assert [(one["key"]["id"], one["column"]) for one in done.failed] == [
        (1, "value"),
        (2, "value"),
        (4, "label_ids"),
    ]
    assert row(small, "deals", 3)["value"] == 7


def test_a_byte_order_mark_is_accepted_and_utf16_is_named(process, small):
    text = lines_of(schema("deals", "id title", ["id"]), record("deals", id=1, title="Caf\u00e9"))
    done = process(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert (done.code, done.outcomes) == (0, ["updated"])
    assert row(small, "deals", 1)["title"] == "Caf\u00e9"
    for encoding in ("utf-16", "utf-16-be"):
        done = process(text.encode(encoding))
        assert done.code == 1
        assert "UTF-16; convert it to UTF-8" in done.failed[0]["error"]


@pytest.mark.parametrize("bad", [b"\xff\xfe", b"caf\xe9", b"\xed\xa0\x80", b"\xc0\xaf"])
def test_bytes_that_are_not_utf8_in_other_entities_and_columns(process, small, bad):
    content = lines_of(schema("deals", "id title", ["id"])).encode()
    content += line("deals", b'{"id":1,"title":"%b"}' % bad) + line("deals", b'{"id":2,"title":"Kept"}')
    done = process(content)
    assert (done.code, done.outcomes) == (1, ["failed", "updated"])
    assert done.failed[0]["column"] == "title"
    assert row(small, "deals", 2)["title"] == "Kept"


@pytest.mark.parametrize(
    "content",
    [
        b'{"type":"SCHEMA","stream":"x\xff","schema":{"properties":{"id":{}}}}\n',
        b'{"type":"ST\xffATE","value":1}\n',
        b'{"type":"STATE","value":{"a\xff":1}}\n',
        b'{"type":"ACTIVATE_VERSION","stream":"persons\xff","version":1}\n',
        b'{"type":"BATCH","stream":"persons","encoding":{"\xff":1},"manifest":[]}\n',
        b'{"ty\xffpe":"RECORD","stream":"add_deal","record":{"title":"B"}}\n',
        b'{"type":"RECORD","stre\xffam":"add_deal","record":{"title":"B"}}\n',
        b'{"type":"SCHEMA","stream":"persons","key_prop\xc3(erties":["id"],"schema":{"properties":{"id":{}}}}\n',
        b'{"type":"SCHEMA","stream":"persons","\xed\xa0\x80":1,"schema":{"properties":{"id":{}}}}\n',
        b'{"type":"SCHEMA","stream":"persons","bookmark_properties":["\xff"],"schema":{"properties":{"id":{}}}}\n',
        b"\xff\xfe{\x00\n",
    ],
)
def test_other_lines_that_are_not_utf8_are_rejected_as_lines(process, content):
    done = process(content + lines_of(rows("add_deal", {"title": "A"}), state({"n": 1})).encode())
    assert (done.code, sorted(done.outcomes)) == (1, ["created", "failed"])
    assert done.out == '{"n": 1}\n'
    assert done.failed[0]["line"] == 1
    again = process(done.rejects_file.read_bytes())
    assert (again.code, again.out, again.outcomes) == (1, "", ["failed"])


def test_a_state_whose_value_has_a_broken_name_replaces_no_bookmark(process):
    content = lines_of(rows("add_deal", {"title": "A"}), state({"n": 1})).encode()
    done = process(content + b'{"type":"STATE","val\xffue":{"a":1}}\n')
    assert (done.code, done.outcomes, done.out) == (1, ["created", "failed"], '{"n": 1}\n')


@pytest.mark.parametrize("policy", ["stop", "reject"])
@pytest.mark.parametrize("stream", ["persons", "add_file", "delete_deal"])
def test_records_after_a_schema_that_is_not_utf8_are_not_written(process, small, stream, policy):
    content = lines_of(rows(stream, {"id": 3, "name": "Lost"}, keys=["id"]), state({"n": 1})).encode()
    done = process(content.replace(b"key_properties", b"key_prop\xc3(erties"), on_stream_error=policy)
    assert (done.code, done.outcomes) == (1, ["failed", "failed"])
    assert len(done.rejects) == 2
    assert "has a byte that is not UTF-8" in done.failed[0]["error"]
    assert small.requests().keys() <= {"GET /api/v1/users/me"}
    again = process(done.rejects_file.read_bytes(), on_stream_error=policy)
    assert again.outcomes == ["failed", "failed"]
    assert len(again.rejects) == 2


@pytest.mark.parametrize("member", [b"version", b"time_extracted"])
def test_mirror_deletes_nothing_where_a_message_lost_its_version_to_a_broken_byte(process, small, member):
    keys = {"key_properties": ["external_id"]}
    first = rows("persons", {"external_id": "a", "name": "A"}, {"external_id": "b", "name": "B"})
    first[0] |= keys
    settings = {"mirror": True, "allow_deletes": True}
    assert process(lines_of(first).encode(), **settings).outcomes == ["created", "created"]
    second = [
        first[0],
        {**first[1], "version": 7, "time_extracted": "2026-01-01T00:00:00Z"},
        {"type": "ACTIVATE_VERSION", "stream": "persons", "version": 7, "time_extracted": "x"},
    ]
    head, activate = lines_of(*second[:2]).encode(), lines_of(second[2]).encode()
    broken = process(head + activate.replace(member, member[:3] + b"\xff"), **settings)
    assert broken.code == 0
    names = {one["name"] for one in small.rows("persons") if not one.get("is_deleted")}
    assert ("B" in names) == (member == b"version")


def test_a_corrected_line_in_the_reject_file_is_written(process, small):
    first = process.case("26b-invalid-utf8")
    messages = [json.loads(one) for one in first.rejects_file.read_text().splitlines()]
    for message in messages:
        message.pop("line_base64", None)
        if "line" in message:
            message["line"] = message["line"].replace("\ufffd", "ü")
    again = process(lines_of(messages))
    assert (again.code, again.outcomes) == (0, ["created"])
    assert "Müller" in {one["name"] for one in small.rows("persons")}


# --- depth -------------------------------------------------------------------------------------------


def test_a_record_nested_too_deeply_is_rejected_and_the_others_are_written(process, small):
    done = process.case("57-deep")
    assert (done.code, sorted(done.outcomes)) == (1, ["failed", "updated", "updated"])
    assert done.failed[0]["line"] == 3
    assert "nested too deeply" in done.failed[0]["error"]
    assert [row(small, "persons", number)["job_title"] for number in (1, 3)] == ["ok", "ok"]
    again = process(done.rejects_file.read_bytes())
    assert (again.code, again.outcomes) == (1, ["failed"])


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_any_depth_in_a_column_fails_one_record(process, small, opening, closing):
    depths = [200, 999, 1000, 5000, 100_000]
    content = lines_of(schema("deals", "id label_ids", ["id"])).encode()
    for depth in depths:
        content += line("deals", b'{"id":1,"label_ids":%b}' % (opening * depth + b"1" + closing * depth))
    content += lines_of(rows("products", {"id": 1, "name": "Kept"}, keys=["id"])).encode()
    done = process(content)
    assert (done.code, sorted(done.outcomes)) == (1, [*["failed"] * len(depths), "updated"])
    assert row(small, "products", 1)["name"] == "Kept"


@pytest.mark.parametrize("column", ["label_ids", "custom_fields"])
def test_depth_within_a_text_fails_one_record(process, column):
    deep = "[" * 3000 + "]" * 3000
    done = process(lines_of(rows("deals", {"id": 1, column: deep}, {"id": 2, column: None}, keys=["id"])))
    assert done.code == 1
    assert done.outcomes[0] == "failed"
    assert done.failed[0]["line"] == 2


@pytest.mark.parametrize("kind", ["SCHEMA", "STATE"])
def test_depth_in_other_messages_fails_the_line(process, kind):
    deep = "[" * 3000 + "]" * 3000
    part = f'"schema":{{"properties":{{"id":{deep}}}}}' if kind == "SCHEMA" else f'"value":{deep}'
    done = process(
        f'{{"type":"{kind}","stream":"deals",{part}}}\n' + lines_of(rows("add_deal", {"title": "A"}))
    )
    assert (done.code, sorted(done.outcomes)) == (1, ["created", "failed"])
    assert done.out == ""


# --- size of numbers ---------------------------------------------------------------------------------


def test_a_huge_exponent_is_rejected_and_the_others_are_written(process, small):
    done = process.case("56-huge-exponent")
    assert (done.code, done.outcomes) == (1, ["updated", "failed", "updated"])
    (failed,) = done.failed
    assert (failed["line"], failed["column"], failed["key"]) == (3, "value", {"id": 1})
    assert "1e999" in failed["error"]
    assert [row(small, "deals", number)["value"] for number in (2, 3)] == [7, 8]


OUT_OF_RANGE = {
    "deals": {
        "value": ['"1e999999999"', "1e999", '"-1e400"', "9" * 400, "9" * 5000, '"Infinity"'],
        "stage_id": ['"1e30"', "9" * 30, '"1e999999999"'],
        "probability": ['"NaN"'],
    },
    "products": {"tax": ['"1e999"'], "owner_id": ["1" + "0" * 400]},
    "persons": {"org_id": ['"1E+999"', '"1e999999999"']},
}


@pytest.mark.parametrize("stream", OUT_OF_RANGE)
def test_numbers_out_of_range_fail_their_record_only(process, small, stream):
    name = "title" if stream == "deals" else "name"
    content = lines_of(schema(stream, ["id", name, *OUT_OF_RANGE[stream]], ["id"])).encode()
    wrong = [(column, value) for column, values in OUT_OF_RANGE[stream].items() for value in values]
    for column, value in wrong:
        content += line(stream, b'{"id":1,"%b":%b}' % (column.encode(), value.encode()))
    content += lines_of(record(stream, id=2, **{name: "Kept"})).encode()
    before = row(small, stream, 1)
    done = process(content)
    assert (done.code, done.outcomes) == (1, [*["failed"] * len(wrong), "updated"])
    failed = sorted(one["line"] for one in done.results if one["outcome"] == "failed")
    assert failed == list(range(2, len(wrong) + 2))
    assert row(small, stream, 1) == before


def test_large_numbers_that_a_double_represents_are_sent_once(process, small):
    values = [10**20, "1e20", "123456789012345678901234567890", 1.5e300]
    given = [{"id": number, "value": value} for number, value in enumerate(values, 1)]
    text = lines_of(rows("deals", *given, keys=["id"]))
    first, second = process(text), process(text)
    assert (first.code, set(first.outcomes)) == (0, {"updated"})
    for number, value in enumerate(values, 1):
        assert float(row(small, "deals", number)["value"]) == float(value)
    assert (second.code, set(second.outcomes)) == (0, {"unchanged"})


def test_keys_out_of_range_fail_their_record_only(process):
    keys = ["9" * 400, "1e999", '"1e999999999"', '"' + "9" * 5000 + '"']
    content = lines_of(schema("deals", "id title", ["id"])).encode()
    for key in keys:
        content += line("deals", b'{"id":%b,"title":"A"}' % key.encode())
    done = process(content + lines_of(record("deals", id=2, title="Kept")).encode())
    assert (done.code, sorted(done.outcomes)) == (1, [*["failed"] * len(keys), "updated"])


# --- NUL and what looks like a key -------------------------------------------------------------------


@pytest.mark.parametrize("where", ["title", "external_id", "stage_id", "expected_close_date"])
def test_nul_in_a_column_never_ends_the_run(process, where):
    values = {"external_id": "n-1", "title": "A", where: "a\0b"}
    done = process(lines_of(rows("deals", values, keys=["external_id"]), rows("add_deal", {"title": "Kept"})))
    assert done.code in (0, 1)
    assert done.outcomes[-1] == "created"
    assert len(done.results) == 2


def test_a_raw_nul_byte_fails_its_line(process):
    content = b'{"type":"RECORD","stream":"add_deal","record":{"title":"a\x00"}}\n'
    text = (
        lines_of(schema("add_deal", "title")).encode()
        + content
        + lines_of(record("add_deal", title="B")).encode()
    )
    done = process(text)
    assert (done.code, done.outcomes) == (1, ["failed", "created"])
    assert done.failed[0]["line"] == 2


def test_no_message_shows_a_40_character_key(process):
    done = process(
        lines_of(
            rows("deals", {"id": 1, "custom_fields": {KEY_40: 5}}, keys=["id"]),
            rows("add_deal", {"title": "A", "stage_id": 9999}),
        )
    )
    assert done.code == 1
    assert KEY_40 not in done.log
    assert all(KEY_40 not in one["error"] for one in done.failed)


def test_the_column_of_a_custom_field_is_its_name(process, small):
    tier = next(one for one in small.rows("deal_fields") if one["name"] == "Tier")
    done = process(lines_of(rows("deals", {"id": 1, tier["key"]: "Platinum"}, keys=["id"])))
    (failed,) = done.failed
    assert failed["column"] == "Tier"
    assert tier["key"] not in failed["error"]
    assert "Platinum" in failed["error"]


def test_what_pipedrive_rejects_names_the_column(process):
    done = process(lines_of(rows("deals", {"id": 3, "stage_id": 99999}, keys=["id"])))
    (failed,) = done.failed
    assert (failed["line"], failed["column"]) == (2, "stage_id")


def test_a_long_text_in_place_of_emails_blocks_nothing(process):
    """The run is killed after 100 seconds, which it took when every letter started a new search."""
    done = process(
        lines_of(rows("persons", {"id": 1, "emails": "x" * 500_000}, {"id": 2, "name": "B"}, keys=["id"]))
    )
    assert done.code in (0, 1)
    assert len(done.results) == 2


def test_a_state_without_a_value_is_rejected_and_replaces_no_bookmark(process):
    done = process('{"type":"STATE","value":{"a":1}}\n{"type":"STATE"}\n')
    assert (done.code, done.out) == (1, '{"a": 1}\n')
    assert "`value`" in done.failed[0]["error"]
