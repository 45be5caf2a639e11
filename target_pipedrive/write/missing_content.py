"""Success responses without content, which leave the outcome of a write unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_client import DataKind, Expectation, MalformedAnswer, flaw_of

if TYPE_CHECKING:
    from pipedrive_client import Answer

_WRITTEN = Expectation(kind=DataKind.ANY)


def has_data(answer: Answer) -> bool:
    """Whether the answer of a write holds anything under `data`."""
    return flaw_of(answer, _WRITTEN) is None


def without_data(what: str, *, status: int | None = None) -> MalformedAnswer:
    """The error of a write that was answered with a success that says nothing.

    Args:
        what: method and path.
        status: HTTP status.
    """
    return MalformedAnswer(
        f"{what} answered with success but without data; the outcome is not known. Run the same again later.",
        status=status,
        may_have_acted=True,
    )
