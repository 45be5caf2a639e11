"""Bytes going in and out: files, pictures, recordings, and the storage that serves them."""

from __future__ import annotations

import hashlib
import json
import random
from urllib.parse import unquote

import pytest
import requests

from tests.emulator.checked import Checked
from tests.emulator.sales_cases import png

GIF = b"GIF89a" + (200).to_bytes(2, "little") * 2
JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08" + (300).to_bytes(2, "big") * 2 + b"\x01\x01\x11\0"


@pytest.fixture
def call(ask):
    return Checked(ask)


def _sent(call, name, content=b"x", **form):
    return call.data("v1:addFile", files={"file": (name, content)}, form=form or {"deal_id": "1"})


def _download(call, number):
    return call.ask.ask("GET", f"/v1/files/{number}/download")


def _multipart(call, body, boundary="B"):
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    return call.ask.ask("POST", "/v1/files", data=body, headers=headers)


def _part(disposition, content=b"x", more=b""):
    return (
        b"--B\r\ncontent-disposition: form-data; "
        + disposition
        + b"\r\n"
        + more
        + b"\r\n"
        + content
        + b"\r\n"
    )


DEAL = _part(b'name="deal_id"', b"1")
END = b"--B--\r\n"


@pytest.mark.parametrize(
    "name",
    [
        "plain.txt",
        "Größe.pdf",
        "写真 ①.png",
        'say "hi".txt',
        "semi;colon=x.txt",
        "back\\slash.txt",
        "a'b.txt",
    ],
)
def test_a_file_is_returned_byte_for_byte_under_its_name(call, name):
    content = random.Random(name).randbytes(5_000) + b"\r\n--B--\r\n\0"
    kept = _sent(call, name, content)
    assert (kept["name"], kept["file_name"], kept["file_size"]) == (name, name, len(content))
    answer = _download(call, kept["id"])
    assert answer.content == content
    assert answer.headers["content-type"] == "application/octet-stream"
    said = answer.headers["content-disposition"]
    assert said.startswith('attachment; filename="')
    assert unquote(said.partition("filename*=UTF-8''")[2]) == name


def test_an_empty_and_a_large_file_are_returned(call):
    for content in (b"", random.Random(1).randbytes(20_000_000)):
        kept = _sent(call, "some.bin", content)
        assert kept["file_size"] == len(content)
        assert _download(call, kept["id"]).content == content


@pytest.mark.parametrize(
    "form",
    [
        {"deal_id": "1"},
        {"person_id": "1"},
        {"org_id": "1"},
        {"product_id": "1"},
        {"activity_id": "1"},
        {"project_id": "1"},
        {"lead_id": "lead"},
    ],
    ids=lambda form: next(iter(form)),
)
def test_a_file_belongs_to_each_kind_of_record(call, form):
    (name, value), *_ = form.items()
    if name == "lead_id":
        value = next(row["id"] for row in call.ask.tables()["leads"] if not row["is_archived"])
    kept = _sent(call, "a.txt", **{name: value})
    assert str(kept[name]) == value
    assert call.data("v1:getFile", id=kept["id"])[name] == kept[name]
    path = {"deal_id": "Deal", "person_id": "Person", "org_id": "Organization", "product_id": "Product"}.get(
        name
    )
    if path:
        assert kept["id"] in {row["id"] for row in call.data(f"v1:get{path}Files", id=1)}
    missing = "00000000-0000-4000-8000-000000000000" if name == "lead_id" else "999999"
    call.refused("v1:addFile", 400, files={"file": ("a.txt", b"x")}, form={name: missing})


@pytest.mark.parametrize(
    "body",
    [
        DEAL + END,
        DEAL + _part(b'name="file"') + END,
        DEAL + _part(b'name="file"; filename=""') + END,
        DEAL + _part(b'name="file"; filename="a\x01b"') + END,
        DEAL + _part(b'name="file"; filename="a"') + _part(b'name="file"; filename="b"') + END,
        DEAL + DEAL + _part(b'name="file"; filename="a"') + END,
        DEAL + _part(b'name="other"; filename="a"') + END,
        DEAL + _part(b'name="file"; filename="a"', more=b"content-transfer-encoding: base64\r\n") + END,
        DEAL + _part(b'filename="a"') + END,
        DEAL + _part(b'name="file"; filename="\xff\xfe"') + END,
        DEAL + _part(b'name="file"; filename="a"'),
        _part(b'name="file"; filename="a"') + END,
        _part(b'name="deal_id"', b"1.5") + _part(b'name="file"; filename="a"') + END,
        _part(b'name="deal_id"', b"\xff") + _part(b'name="file"; filename="a"') + END,
        b"--B\r\nno headers\r\n--B--\r\n",
        b"",
    ],
    ids=range(16),
)
def test_an_upload_without_exactly_one_file_and_record_is_rejected_and_stores_nothing(call, body):
    before = call.ask.dump()
    answer = _multipart(call, body)
    assert answer.status_code == 400
    assert answer.json()["success"] is False
    assert call.ask.dump() == before


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (b'name="file"; filename="a%22b.txt"', 'a"b.txt'),
        (rb'name="file"; filename="a\"b.txt"', 'a"b.txt'),
        (b"name=file; filename=plain.txt", "plain.txt"),
        (b'name="file"; filename="x.txt"; filename*=UTF-8\'\'%C3%BC%20b.txt', "ü b.txt"),
        ('name="file"; filename="ня; b.txt"'.encode(), "ня; b.txt"),
    ],
    ids=["browser", "curl", "unquoted", "rfc 5987", "utf-8"],
)
def test_file_names_are_read_as_different_senders_write_them(call, disposition, name):
    answer = _multipart(
        call, b"a preamble\r\n" + DEAL + _part(disposition, b"\r\n--Bx\r\n") + END + b"an epilogue"
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["file_name"] == name
    assert _download(call, answer.json()["data"]["id"]).content == b"\r\n--Bx\r\n"


def _sizes(call):
    return json.loads(call.ask.dump())["file_sizes"]


def test_bytes_are_given_back_with_their_rows(call):
    before = _sizes(call)
    number = _sent(call, "a.txt", b"x" * 100)["id"]
    person = call.data("v2:addPerson", body={"name": "Seen"})["id"]
    product = call.data("v2:addProduct", body={"name": "Shown"})["id"]
    log = call.data("v1:addCallLog", body=_call_log())["id"]
    for content in (png(), png(200, 200)):
        call("v1:addPersonPicture", id=person, files={"file": ("a.png", content)})
    call("v2:uploadProductImage", id=product, files={"data": ("a.png", png())})
    call("v2:updateProductImage", id=product, files={"data": ("b.png", png())})
    call("v1:addCallLogAudioFile", id=log, files={"file": ("a.mp3", b"ID3")})
    assert len(_sizes(call)) == len(before) + 4
    call("v1:deleteFile", id=number)
    call("v1:deletePersonPicture", id=person)
    call("v2:deleteProductImage", id=product)
    call("v1:deleteCallLog", id=log)
    assert _sizes(call) == before
    assert _download(call, number).status_code == 404


def test_digests_distinguish_two_accounts_by_their_bytes(call):
    number = _sent(call, "a.txt", b"x" * 100)["id"]
    digests = json.loads(call.ask.dump())["file_digests"]
    assert digests[f"files:{number}"] == hashlib.sha256(b"x" * 100).hexdigest()
    seeded = next(row["id"] for row in call.ask.tables()["files"] if row["active_flag"])
    assert digests[f"files:{seeded}"] == hashlib.sha256(_download(call, seeded).content).hexdigest()


def test_a_renamed_file_keeps_its_bytes(call):
    number = _sent(call, "a.txt", b"bytes")["id"]
    changed = call.data("v1:updateFile", id=number, form={"name": "Vertrag", "description": "ünterschrieben"})
    assert (changed["name"], changed["description"]) == ("Vertrag", "ünterschrieben")
    assert _download(call, number).content == b"bytes"
    call("v1:deleteFile", id=number)
    call.refused("v1:updateFile", 404, id=number, form={"name": "x"})
    call.refused("v1:deleteFile", 404, id=number)
    assert number not in {row["id"] for row in call.data("v1:getDealFiles", id=1) or ()}


def _call_log():
    return {
        "outcome": "connected",
        "to_phone_number": "1",
        "start_time": "2026-06-01 10:00:00",
        "end_time": "2026-06-01 10:01:00",
    }


def test_a_call_accepts_one_recording(call):
    log = call.data("v1:addCallLog", body=_call_log())["id"]
    call.refused("v1:addCallLogAudioFile", 400, id=log, files={"file": ("a.txt", b"text")})
    call("v1:addCallLogAudioFile", id=log, files={"file": ("a.mp3", b"ID3")})
    assert call.data("v1:getCallLog", id=log)["has_recording"] is True
    call.refused("v1:addCallLogAudioFile", 409, id=log, files={"file": ("b.mp3", b"ID3")})
    call("v1:deleteCallLog", id=log)
    call.refused("v1:addCallLogAudioFile", 404, id=log, files={"file": ("a.mp3", b"ID3")})


@pytest.mark.parametrize("content", [png(), GIF, JPEG], ids=["png", "gif", "jpeg"])
def test_square_pictures_of_each_kind_are_taken(call, content):
    call("v1:addPersonPicture", id=1, files={"file": ("a", content)})
    shown = call.data("v2:getPersonPicture", id=1)
    for size in ("128", "512"):
        assert requests.get(shown["pictures"][size], timeout=10).content == content


@pytest.mark.parametrize(
    ("content", "crop"),
    [
        (png(127, 127), None),
        (png(300, 200), None),
        (b"\x89PNG\r\n\x1a\n", None),
        (b"<svg/>", None),
        (png(300, 200), (0, 0, 128, 129)),
        (png(300, 200), (0, 0, 127, 127)),
        (png(300, 200), (100, 80, 128, 128)),
        (png(300, 200), (-1, 0, 128, 128)),
    ],
)
def test_pictures_that_are_not_large_squares_are_rejected(call, content, crop):
    form = crop and dict(zip(("crop_x", "crop_y", "crop_width", "crop_height"), map(str, crop), strict=True))
    before = call.ask.dump()
    call.refused("v1:addPersonPicture", 400, id=1, files={"file": ("a", content)}, form=form)
    assert call.ask.dump() == before


def test_cropping_makes_a_square(call):
    form = {"crop_x": "10", "crop_y": "20", "crop_width": "150", "crop_height": "150"}
    call("v1:addPersonPicture", id=1, files={"file": ("a", png(300, 200))}, form=form)


@pytest.fixture
def stored(call):
    """The address of an image, and its bytes."""
    content = png() + bytes(range(200))
    product = call.data("v2:addProduct", body={"name": "Shown"})["id"]
    call("v2:uploadProductImage", id=product, files={"data": ("写真 a/b?.png", content)})
    return call.data("v2:getProductImage", id=product)["public_url"], content


def test_storage_responds_to_head_and_ranges_as_to_a_browser(stored):
    url, content = stored
    whole = requests.get(url, timeout=10)
    assert (whole.status_code, whole.content, whole.headers["accept-ranges"]) == (200, content, "bytes")
    head = requests.head(url, timeout=10)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(content))
    size = len(content)
    for wanted, part in (
        ("0-4", content[:5]),
        ("10-", content[10:]),
        ("-7", content[-7:]),
        (f"5-{size}", content[5:]),
    ):
        answer = requests.get(url, headers={"range": f"bytes={wanted}"}, timeout=10)
        assert (answer.status_code, answer.content) == (206, part)
        begin = size - len(part) if wanted != "0-4" else 0
        assert answer.headers["content-range"] == f"bytes {begin}-{begin + len(part) - 1}/{size}"
    beyond = requests.get(url, headers={"range": f"bytes={size}-"}, timeout=10)
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")


def test_storage_rejects_the_sign_in_of_the_api(stored, call):
    url, _ = stored
    assert requests.get(url, headers={"x-api-token": "emulator-token"}, timeout=10).status_code == 400
    assert requests.get(url, headers={"authorization": "Bearer x"}, timeout=10).status_code == 400
    assert requests.post(url, timeout=10).status_code == 405
    unsigned = f"{call.ask.url}/_blobs/files/1/a.txt"
    assert requests.get(unsigned, timeout=10).status_code == 403
    assert requests.get(f"{call.ask.url}/_blobs/product_images/{'9' * 30}/a", timeout=10).status_code == 404


def test_remote_files_are_listed_with_their_record_and_have_no_bytes(call):
    form = {"item_type": "person", "item_id": "1", "remote_location": "googledrive"}
    made = call.data("v1:addFileAndLinkIt", form={**form, "file_type": "gsheet", "title": "Zahlen"})
    linked = call.data("v1:linkFileToItem", form={**form, "remote_id": "drive-abc"})
    assert (made["file_type"], made["name"], made["person_id"]) == ("gsheet", "Zahlen", 1)
    assert linked["remote_id"] == "drive-abc"
    assert {made["id"], linked["id"]} <= {row["id"] for row in call.data("v1:getPersonFiles", id=1)}
    assert _download(call, made["id"]).status_code == 404
    for wrong in (
        {"file_type": "docx"},
        {"item_id": "99999"},
        {"remote_location": "dropbox"},
        {"title": " "},
    ):
        sent = {**form, "file_type": "gdoc", "title": "x", **wrong}
        call.refused("v1:addFileAndLinkIt", 400, form=sent)
