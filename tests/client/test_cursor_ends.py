"""Full pages without `next_cursor`: their end is proven with another limit, or the list is an error."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from pipedrive_client import MalformedResponse, Paging


class CursorList:
    """A list of ids. Its last page and the responses of `damaged` have no `next_cursor`."""

    def __init__(self, reply, ids):
        self.reply, self.ids = reply, [*ids]
        self.damaged = ()
        self.asked = []
        self.before = lambda _nth: None

    def __call__(self, seen):
        query = {name: value for name, (value,) in parse_qs(urlsplit(seen.path).query).items()}
        limit, after = int(query["limit"]), int(query.get("cursor", "cursor-0")[7:])
        self.asked.append((limit, after))
        self.before(len(self.asked))
        left = [one for one in self.ids if one > after]
        body = {"success": True, "data": [{"id": one} for one in left[:limit]]}
        if len(left) > limit and len(self.asked) not in self.damaged:
            body["additional_data"] = {"next_cursor": f"cursor-{left[limit - 1]}"}
        return self.reply(body=body)


@pytest.fixture
def served(wire, reply):
    wire.otherwise = CursorList(reply, range(1, 7))
    return wire.otherwise


def read(client, limit, **parts):
    pages = client.pages("/api/v2/deals", paging=Paging.CURSOR, page_size=limit, cost=10, label="x", **parts)
    return [row["id"] for page in pages for row in page.rows]


@pytest.mark.parametrize("prefetch", [0, 2])
@pytest.mark.parametrize(
    ("rows", "limit", "asked"),
    [
        (6, 3, [(3, 0), (3, 3), (2, 3), (3, 5)]),
        (3, 3, [(3, 0), (2, 0), (3, 2)]),
        (4, 2, [(2, 0), (2, 2), (3, 2)]),
        (2, 1, [(1, 0), (1, 1), (2, 1)]),
        (5, 3, [(3, 0), (3, 3)]),
        (1, 500, [(500, 0)]),
    ],
)
def test_the_end_of_a_full_last_page_is_proven(client, served, rows, limit, asked, prefetch):
    served.ids = [*range(1, rows + 1)]
    assert read(client, limit, prefetch=prefetch) == served.ids
    assert served.asked == asked
    assert client.usage.of("x").tokens == 10 * len(asked)


@pytest.mark.parametrize("limit", [1, 3, 5])
@pytest.mark.parametrize("damaged", [(1,), (2,), (1, 3)])
def test_a_page_that_lost_its_cursor_loses_no_row(client, served, limit, damaged):
    served.damaged = damaged
    assert read(client, limit) == served.ids, served.asked


def test_pages_that_always_lack_the_cursor_are_an_error(client, served):
    served.damaged = range(99)
    with pytest.raises(
        MalformedResponse, match="without `next_cursor`, with two values of `limit`"
    ) as raised:
        read(client, 3)
    assert raised.value.label == "x"
    assert served.asked == [(3, 0), *[(2, 0)] * 5]


def test_rows_that_vanish_meanwhile_are_an_error(client, served):
    def remove(nth):
        served.ids = served.ids[: {3: 4, 4: 5}.get(nth, 6)]

    for nth in (3, 4):  # before the page with another limit, and before the one after it
        served.ids, served.asked = [*range(1, 7)], []
        served.before = lambda at, nth=nth: remove(at) if at == nth else None
        with pytest.raises(MalformedResponse, match="fewer rows with another `limit`") as raised:
            read(client, 3)
        assert (raised.value.label, len(served.asked)) == ("x", nth)


def test_rows_that_are_added_meanwhile_are_read(client, served):
    served.before = lambda nth: served.ids.append(7) if nth == 3 else None
    assert read(client, 3) == [*range(1, 8)]


def test_a_row_that_moves_to_the_end_meanwhile_is_read_there(client, served):
    def move(nth):
        if nth == 3:
            served.ids = [1, 2, 3, 5, 6, 8]  # 4 was changed, and is now 8

    served.before = move
    assert read(client, 3) == [1, 2, 3, 5, 6, 8]
