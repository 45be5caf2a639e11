"""One request with all its attempts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from pipedrive_client.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipedrive_client.responses import Expectation

_SEARCH_ENDINGS = ("/search", "/itemSearch", "/itemSearch/field")


@dataclass(slots=True, kw_only=True)
class Call:
    """One request with all its attempts.

    Attributes:
        method: HTTP method in capitals.
        path: path from the caller, possibly with a query.
        query: additional query, encoded.
        headers: headers of the caller, and the content type.
        body: bytes, or None.
        cost: tokens of one attempt.
        idempotent: True if it may be retried after it possibly acted.
        timeout_seconds: read timeout, or None for the setting.
        label: stream or action.
        max_attempts: maximum number of attempts, or None for the retry policy's.
        sink: receives the body of a download in chunks; None reads the body at once.
        offset: bytes of the download that the sink already has.
        decode: decodes the body; None decodes JSON.
        expected: required content of a successful response; None accepts any.
        is_probe: True if it only checks whether the API is at this base URL.
        attempt: attempts made so far.
        may_have_acted: True if an earlier attempt may have been executed.
        doubted: True if an earlier attempt had a successful status without valid content.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str]
    body: bytes | None = None
    cost: int
    idempotent: bool
    timeout_seconds: float | None = None
    label: str | None
    max_attempts: int | None = None
    sink: Callable[[bytes], None] | None = None
    offset: int = 0
    decode: Callable[[bytes], object] | None = None
    expected: Expectation | None = None
    is_probe: bool = False
    attempt: int = 0
    may_have_acted: bool = False
    doubted: bool = False

    @property
    def what(self) -> str:
        """Method and path for messages, without the query, which may contain personal data."""
        return f"{self.method} {self.path.partition('?')[0]}"

    @property
    def is_search(self) -> bool:
        """True if the lower rate limit of the search endpoints applies."""
        return self.path.partition("?")[0].endswith(_SEARCH_ENDINGS)

    def pass_on(self, chunk: bytes) -> None:
        """Pass a chunk to the sink and advance the offset."""
        if self.sink is not None:
            self.sink(chunk)
        self.offset += len(chunk)


class ReadParts(TypedDict, total=False):
    """Parameters of `PipedriveClient.request` for a GET."""

    params: Mapping[str, object] | None
    headers: Mapping[str, str] | None
    cost: int
    timeout_seconds: float | None
    label: str | None
    max_attempts: int | None
    decode: Callable[[bytes], object] | None


def check_path(path: str) -> None:
    """Reject a path that could change the host when it is appended to the base URL.

    Raises:
        Rejected: it does not begin with a slash.
    """
    if not path.startswith("/"):
        raise Rejected(f"A path must begin with a slash, such as /v1/… or /api/v2/…, but is {path[:20]!r}.")
