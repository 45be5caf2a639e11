"""Success answers without content: a failed read or a write with an unknown outcome, never a fact.

Pipedrive answers `data: null`, or nothing at all, now and then. v1 lists also answer null where they are
empty, so such a page is asked for twice before it counts as one without rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipedrive_client import MalformedAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipedrive_client import Answer
    from pipedrive_client.paging import Page

MOST_TRIES = 3


def has_data(answer: Answer) -> bool:
    """Whether an answer holds anything under `data`."""
    if not answer.is_json:
        return bool(answer.body)
    body = answer.json() if answer.body else None
    return isinstance(body, Mapping) and body.get("data") is not None


def without_data(what: str, *, wrote: bool, status: int | None = None) -> MalformedAnswer:
    """The error of a success that carries nothing.

    Args:
        what: method and path.
        wrote: whether the request may have changed something.
        status: HTTP status.
    """
    outcome = "the outcome is not known" if wrote else "that does not mean that there are no rows"
    return MalformedAnswer(
        f"{what} answered with success but without data; {outcome}. Run the same again later.",
        status=status,
        may_have_acted=wrote,
    )


def read(request: Callable[[], Answer], what: str) -> Mapping[str, object]:
    """The body of a read that holds data, asked for again where it does not.

    Raises:
        MalformedAnswer: no answer holds any.
        PipedriveError: as in `PipedriveClient.request`.
    """
    for _ in range(MOST_TRIES):
        answer = request()
        if has_data(answer):
            body = answer.json()
            return body if isinstance(body, Mapping) else {}
    raise without_data(what, wrote=False)


def pages(begin: Callable[[], Iterator[Page]], path: str, records: str) -> Iterator[Page]:
    """The pages of a list, begun again while the first one lacks its rows.

    Args:
        begin: asks for the list from its start.
        path: of the list.
        records: dotted path of the rows in the body.

    Raises:
        MalformedAnswer: a page lacks its rows.
        PipedriveError: as in `PipedriveClient.pages`.
    """
    empties = 0
    for _ in range(MOST_TRIES):
        for number, page in enumerate(begin()):
            if _has_rows(page, records):
                yield page
                continue
            if number or empties + 1 == MOST_TRIES:
                raise without_data(f"GET {path}", wrote=False)
            empties += 1
            if empties > 1 and _may_be_empty(page, path):
                return
            break
        else:
            return


def _has_rows(page: Page, records: str) -> bool:
    found: object = page.body
    for key in records.split(".") if records else ():
        found = found.get(key) if isinstance(found, Mapping) else None
    return found is not None


def _may_be_empty(page: Page, path: str) -> bool:
    """Whether null can stand for a list without rows: in v1, where nothing says that more follows."""
    more = page.body.get("additional_data")
    more = more if isinstance(more, Mapping) else {}
    place = more.get("pagination", more)
    follows = isinstance(place, Mapping) and (
        place.get("more_items_in_collection") or place.get("next_start") or place.get("next_cursor")
    )
    return path.startswith("/v1/") and page.body.get("success") is True and not follows
