from __future__ import annotations

import pytest

from pipedrive_client import ConfigError, MalformedResponse, NotFound, NotVisible, ServerError, Unreachable

PATH = "/v1/files/7/download"
BINARY = {"Content-Type": "application/octet-stream"}
CONTENT = bytes(range(256)) * 4000


@pytest.fixture
def download(client):
    def run(offset=0):
        got = bytearray()
        answer = client.stream_to(PATH, got.extend, cost=20, label="file_contents", offset=offset)
        return answer, bytes(got)

    return run


def test_a_file_is_streamed_in_chunks(client, wire, reply):
    wire.answer(reply(body=CONTENT, headers=BINARY))
    chunks = []
    answer = client.stream_to(PATH, chunks.append, cost=20, label="file_contents")
    assert b"".join(chunks) == CONTENT
    assert len(chunks) > 1
    assert (answer.status, answer.body) == (200, b"")
    assert client.usage.of("file_contents").tokens == 20
    assert wire.seen[0].headers["accept-encoding"] == "identity"
    assert "range" not in wire.seen[0].headers


def test_a_redirect_is_followed_without_the_sign_in(download, wire, storage, reply):
    wire.answer(reply(302, b"", headers={"Location": f"{storage.url}/bucket/x?signature=1"}))
    storage.answer(reply(307, b"", headers={"Location": "/bucket/y"}), reply(body=b"content", headers=BINARY))
    assert download()[1] == b"content"
    assert storage.paths == ["/bucket/x?signature=1", "/bucket/y"]
    for seen in storage.seen:
        assert "x-api-token" not in seen.headers
        assert "authorization" not in seen.headers


def test_a_redirect_in_the_clear_is_not_followed(download, wire, reply):
    wire.answer(reply(302, b"", headers={"Location": "http://files.example/x"}))
    with pytest.raises(ConfigError, match=r"redirects to files\.example without https"):
        download()


def test_redirects_in_a_circle_end(download, wire, reply):
    wire.otherwise = lambda _: reply(302, b"", headers={"Location": PATH})
    with pytest.raises(ServerError, match=r"file storage.*302"):
        download()


def test_a_download_continues_after_the_existing_bytes(download, wire, reply):
    wire.answer(reply(206, b"def", headers={**BINARY, "Content-Range": "bytes 3-5/6"}))
    answer, got = download(3)
    assert (answer.status, got) == (206, b"def")
    assert wire.seen[0].headers["range"] == "bytes=3-"


def test_a_server_that_ignores_ranges_is_understood(download, wire, reply):
    wire.answer(reply(200, CONTENT, headers=BINARY))
    assert download(300_000)[1] == CONTENT[300_000:]


def test_a_range_that_begins_earlier_is_cut(download, wire, reply):
    wire.answer(reply(206, b"bcdef", headers={**BINARY, "Content-Range": "bytes 1-5/6"}))
    assert download(3)[1] == b"def"


def test_a_range_that_begins_later_is_rejected(download, wire, reply):
    wire.otherwise = lambda _: reply(206, b"f", headers={**BINARY, "Content-Range": "bytes 5-5/6"})
    with pytest.raises(MalformedResponse, match="a different part of the file"):
        download(3)


def test_nothing_after_the_end(download, wire, reply):
    wire.answer(reply(416, b"", headers={"Content-Range": "bytes */6"}))
    answer, got = download(6)
    assert (answer.status, got) == (416, b"")


def test_an_interrupted_download_is_resumed(download, wire, reply):
    def rest(seen):
        offset = int(seen.headers["range"].removeprefix("bytes=").removesuffix("-"))
        return reply(
            206, CONTENT[offset:], headers={**BINARY, "Content-Range": f"bytes {offset}-1023999/1024000"}
        )

    wire.answer(reply(200, CONTENT[:600_000], headers=BINARY, tear=True))
    wire.otherwise = rest
    assert download()[1] == CONTENT
    assert len(wire.seen) == 2


def test_an_expired_storage_link_is_requested_again(download, wire, storage, reply):
    wire.otherwise = lambda _: reply(302, b"", headers={"Location": f"{storage.url}/x"})
    storage.answer(reply(403, b"<Error/>", headers={"Content-Type": "application/xml"}), reply(body=b"ok"))
    assert download()[1] == b"ok"
    assert wire.paths == [PATH, PATH]


def test_a_file_that_the_storage_lost_is_not_found(download, wire, storage, reply):
    wire.answer(reply(302, b"", headers={"Location": f"{storage.url}/x"}))
    storage.answer(reply(404, b""))
    with pytest.raises(NotFound):
        download()


@pytest.mark.parametrize(("status", "kind"), [(403, NotVisible), (404, NotFound)])
def test_errors_of_the_api_are_its_own(download, wire, reply, status, kind):
    wire.answer(reply(status, {"success": False, "error": "no"}))
    with pytest.raises(kind, match="no"):
        download()


def test_a_truncated_error_is_repeated(download, wire, reply):
    wire.answer(reply(500, b"xx", tear=True), reply(body=b"ok"))
    assert download()[1] == b"ok"


def test_a_429_is_waited_out(download, wire, reply):
    wire.answer(reply(), reply(429), reply(body=b"ok"))
    download()
    assert download()[1] == b"ok"


def test_a_sink_that_fails_ends_the_download(client, wire, reply):
    wire.answer(reply(body=CONTENT, headers=BINARY))

    def full(_):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        client.stream_to(PATH, full, cost=20, label="file_contents")
    assert len(wire.seen) == 1


def test_a_download_that_never_begins(connect):
    with pytest.raises(Unreachable):
        connect(api_url="http://127.0.0.1:9").stream_to(PATH, print, cost=20, label=None)
