"""Run of all questions: by reads in any account, and by rows of a sandbox account that are deleted again."""

from __future__ import annotations

import re
import signal
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tests.live.probing import changes, reads
from tests.live.probing.sandbox import NotSettledError, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.live.probing.journal import Entry
    from tests.live.probing.sandbox import Taken
    from tests.live.wire import Wire

ODD_FORM = "not settled: a response of an unexpected form"
NOT_SETTLED = "not settled"
_DELAY = re.compile(r"within \d+ s")
OPEN = frozenset(
    {
        "`updated_until` is",
        "the changes of a deal are listed",
        "rows with the same `update_time`",
        "rows of one second, sorted by `update_time`",
        "a search for the title of an archived deal",
        "a search for the title of an archived lead",
        "a search finds an archived deal",
        "a search finds a new person",
        "adding a product moves `update_time` of the deal",
        "adding a follower moves `update_time` of the deal",
        "adding a participant moves `update_time` of the deal",
        "adding a note moves `update_time` of the deal",
        "adding an activity moves `update_time` of the deal",
        "parts of an address that a PATCH does not send",
        "a new `pipeline_id` without a `stage_id`",
        "a bulk request with one wrong product",
        "a page after a change of a row of the page before",
        "a second DELETE of a deal",
        "a second DELETE of a person",
        "a second DELETE of an organization",
        "a second DELETE of a product",
    }
)
"""Questions that nothing published or recorded settles: what an account shows is news, and no difference."""


@dataclass
class Findings:
    """Findings about an account.

    Attributes:
        answers: question to finding, without any value of the account.
        taken: responses to the writes, by description.
        left: rows of the check that could not be deleted.
    """

    answers: dict[str, str] = field(default_factory=dict)
    taken: dict[str, Taken] = field(default_factory=dict)
    left: list[Entry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with its findings.

    Attributes:
        question: the question.
        answer: finding about the account.
        assumed: findings about the emulator, in both dialects.
    """

    question: str
    answer: str
    assumed: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """True if neither the description nor a recorded response settles it."""
        return self.question in OPEN

    @property
    def differs(self) -> bool:
        """True if the account contradicts both of the dialects."""
        is_settled = not self.answer.startswith(NOT_SETTLED)
        return is_settled and not self.is_open and in_general(self.answer) not in self.assumed


def in_general(answer: str) -> str:
    """Return a finding without the length of a delay."""
    return _DELAY.sub("within some seconds", answer)


def ask_by_reads(wire: Wire, findings: Findings, show: Callable[[str], None]) -> None:
    """Check the questions that need no writes."""
    for question, answer in reads.QUESTIONS:
        _ask(question, partial(answer, wire), findings, show)


def ask_by_writes(sandbox: Sandbox, me: object, findings: Findings, show: Callable[[str], None]) -> None:
    """Check the questions that need rows, and delete these even if the check is interrupted."""
    findings.taken = sandbox.taken
    try:
        with _terminable():
            for question, answer in changes.Questions(sandbox, me).all():
                _ask(question, answer, findings, show)
    finally:
        with _uninterrupted(show):
            findings.left = sandbox.clean()


def _ask(question: str, answer: Callable[[], str], findings: Findings, show: Callable[[str], None]) -> None:
    try:
        found = answer()
    except NotSettledError as error:
        found = str(error) if str(error).startswith(NOT_SETTLED) else f"{NOT_SETTLED}: {error}"
    except (AttributeError, LookupError, TypeError, ValueError):
        found = ODD_FORM
    findings.answers[question] = found
    show(f"{question}: {found}")


@contextmanager
def _terminable() -> Iterator[None]:
    """Treat SIGTERM as an interruption."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _uninterrupted(show: Callable[[str], None]) -> Iterator[None]:
    """Delay interruptions, which would leave rows behind."""
    show("Deleting the rows that were created …")
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {
        number: signal.signal(number, lambda *_: show("Please wait until the rows are deleted."))
        for number in numbers
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
