"""A check of an account: its lists, its errors and headers, and with `--write` a few rows of its own."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipedrive_client import PipedriveError
from pipedrive_client.auth.scopes import required_scopes
from tests.live.comparison import (
    OTHER_KIND,
    STATUS,
    Difference,
    Expected,
    body_differences,
    follows,
    header_differences,
    refusal_differences,
)
from tests.live.expected import DIALECTS, FAILING, expected_of, failures, known_errors, recorded
from tests.live.lists import lists
from tests.live.privacy import Publisher, message_of
from tests.live.probing.run import Answered, Findings, ask_by_reads, ask_by_writes
from tests.live.published import places_of
from tests.live.shapes import shape_of
from tests.live.survey import PARENTS, Survey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.live.probing.sandbox import Sandbox
    from tests.live.survey import Seen
    from tests.live.wire import Answer, Wire

ODD = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""Errors of this program at a response of a form that nobody foresaw; their texts may contain values."""
REFUSED = {
    "Unauthorized": "the token was rejected for it",
    "NotVisible": "this user or plan has no permission",
    "FeatureOff": "the plan or an add-on does not include it",
    "Gone": "it was removed from the API",
    "ServerError": "the server failed",
    "RateLimited": "the rate limit was exhausted",
    "Unreachable": "there was no response",
}
ERROR = 300
"""Lowest status that is no success."""
PAYMENT_REQUIRED = 402
DENIED = (401, 402, 403)
TYPICAL_TRIES = 1.5
"""Rows of a parent that are tried on average until a list below it has rows."""
QUESTION_TOKENS = 300
"""Cost of the questions that need no writes."""
ME = "/v1/users/me"


@dataclass
class Result:
    """Result of a check, without any value of the account.

    Attributes:
        differences: differences from this project's assumptions.
        operations: number of operations that were read.
        rows: number of rows that were read.
        not_read: lists that were not read, and the reason.
        as_observed: places where the account is like recorded responses, and unlike the description.
        as_published: places where it is the other way round.
        answers: questions with the account's findings.
        left: names of lists with rows of the check that could not be deleted.
        ended: why the check ended early, else empty.
        interrupted: True if the user ended it.
        requests: number of requests.
        tokens: their published cost.
    """

    differences: list[Difference] = field(default_factory=list)
    operations: int = 0
    rows: int = 0
    not_read: dict[str, str] = field(default_factory=dict)
    as_observed: dict[str, list[str]] = field(default_factory=dict)
    as_published: dict[str, list[str]] = field(default_factory=dict)
    answers: list[Answered] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    ended: str = ""
    interrupted: bool = False
    requests: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """Estimated cost of a check."""

    requests: int
    tokens: int
    most_tokens: int


def cost() -> Cost:
    """Return what a check costs: one read of each list, at most one for each of a few parents."""
    every = lists()
    few = len(FAILING) + QUESTION_TOKENS
    least = sum(one.cost * (TYPICAL_TRIES if one.parent else 1) for one in every)
    most = sum(one.cost * (PARENTS if one.parent else 1) for one in every)
    return Cost(len(every), round(least) + few, most + few)


class Check:
    """One check.

    Args:
        wire: connection to the account.
        show: called with one line per list, for people.
        scrub: removes personal data from a message.
    """

    def __init__(self, wire: Wire, *, show: Callable[[str], None], scrub: Callable[[str], str]) -> None:
        self.wire = wire
        self.survey = Survey(wire)
        self._show = show
        self._scrub = scrub
        self._errors: list[tuple[str, Answer]] = []
        self.findings = Findings()
        self._ended = ""
        self._interrupted = False

    def read(self) -> None:
        """Read all lists; an error that ends the check is kept for the result."""
        self.attempt(self._read)
        self.attempt(lambda: ask_by_reads(self.wire, self.findings, self._show))

    def write(self, sandbox: Sandbox, me: object) -> None:
        """Create, change and delete a few rows.

        Args:
            sandbox: the rows.
            me: id of the token's user.
        """
        self.attempt(lambda: ask_by_writes(sandbox, me, self.findings, self._show))

    def attempt(self, part: Callable[[], None]) -> None:
        """Run a part of the check, unless an earlier one ended it."""
        if self._ended:
            return
        try:
            part()
        except KeyboardInterrupt:
            self._ended, self._interrupted = "It was interrupted.", True
        except PipedriveError as error:
            self._ended = self._scrub(message_of(error))
        except ODD as error:
            self._ended = f"This program failed at the last response ({place_of(error)}); please report this."

    def _read(self) -> None:
        for seen in self.survey.reads():
            refused = f", {_count(len(seen.refusals), 'refusal')}" if seen.refusals else ""
            self._show(f"{seen.listed.label}: {_count(seen.rows, 'row')}{refused}")
        self._errors = list(failures(self.wire))

    def result(self, secrets: Iterable[str] = ()) -> Result:
        """Return the result of the reads so far, with only publishable names."""
        found = Result(ended=self._ended, interrupted=self._interrupted)
        publisher = Publisher(self.survey.words, secrets)
        for path, seen in self.survey.seen.items():
            expected = expected_of(path)
            differences = body_differences(seen.listed.label, seen.shape, expected, seen.lost)
            found.differences += [publisher.difference(one, expected) for one in differences]
            found.differences += self._refusals(seen, publisher)
            found.operations += bool(seen.reads)
            found.rows += seen.rows
            as_observed, as_published = follows(seen.shape, expected)
            if as_observed:
                found.as_observed[seen.listed.label] = as_observed
            if as_published:
                found.as_published[seen.listed.label] = as_published
            if not seen.reads:
                found.not_read[seen.listed.label] = self._reason(seen)
        found.differences += self._of_errors(publisher)
        headers = header_differences(self.wire.headers, [recorded(one).headers for one in DIALECTS])
        found.differences += [publisher.difference(one, None) for one in headers if self.wire.successes]
        found.differences += self._of_writes(publisher)
        found.differences += self._of_answers(found)
        found.left = [one.entity for one in self.findings.left]
        found.differences = _once(found.differences)
        found.not_read |= self.survey.without
        if self._ended:
            requested = {*self.survey.seen, *(label.removeprefix("GET ") for label in self.survey.without)}
            found.not_read |= {
                one.label: "the check ended before" for one in lists() if one.path not in requested
            }
        usage = self.wire.client.usage
        found.requests, found.tokens = usage.requests, usage.tokens
        return found

    def _reason(self, seen: Seen) -> str:
        last = seen.refusals[-1]
        if last.error == "MissingScope":
            scopes = required_scopes("GET", seen.listed.path)
            return f"the OAuth app lacks the scope {' or '.join(scopes)}"
        if last.error == "NotFound" and seen.listed.parent:
            return f"status 404 for each row of {seen.listed.parent} that was tried"
        if last.status == PAYMENT_REQUIRED:
            return REFUSED["FeatureOff"]
        return REFUSED.get(last.error) or f"status {last.status}"

    def _refusals(self, seen: Seen, publisher: Publisher) -> list[Difference]:
        """Return the differences of reads that failed, and of the form of the errors."""
        found = []
        for answer in seen.refusals:
            where = seen.listed.label
            code = publisher.code(answer.code)
            words = f"status {answer.status}" + (f", code {code}" if code else "")
            if 0 < answer.status < ERROR:
                words += " with an error"
            is_missing_child = answer.error == "NotFound" and bool(seen.listed.parent)
            if not answer.is_json and 0 < answer.status < ERROR:
                found.append(Difference(where, "body", OTHER_KIND, "no JSON", "object"))
            elif answer.error not in (*REFUSED, "MissingScope") and not is_missing_child:
                found.append(Difference(where, "", STATUS, words, "status 200"))
            if answer.is_json:
                body = shape_of(answer.body)
                errors = refusal_differences(answer.status, body, known_errors())
                found += [publisher.difference(one, None) for one in errors]
        odd = sorted(seen.statuses - {200})
        found += [Difference(seen.listed.label, "", STATUS, f"status {one}", "status 200") for one in odd]
        return found

    def _of_answers(self, result: Result) -> Iterable[Difference]:
        """Note all findings in the result, and yield those that contradict both dialects."""
        for question, answer in self.findings.answers.items():
            assumed = tuple(dict.fromkeys(recorded(one).answers.get(question, "") for one in DIALECTS))
            answered = Answered(question, answer, assumed)
            result.answers.append(answered)
            if answered.differs:
                yield Difference(question, "", STATUS, answer, " or ".join(assumed))

    def _of_writes(self, publisher: Publisher) -> Iterable[Difference]:
        """Yield the differences of the responses to writes."""
        for label, taken in self.findings.taken.items():
            known = [recorded(one).taken[label] for one in DIALECTS if label in recorded(one).taken]
            where = f"{label}: {taken.method} {taken.path}"
            statuses = {one.status for one in known}
            if known and taken.status not in statuses:
                wanted = " or ".join(f"status {one}" for one in sorted(statuses))
                code = publisher.code(taken.code)
                words = f"status {taken.status}" + (f", code {code}" if code else "")
                yield Difference(where, "", STATUS, words, wanted)
            elif known and taken.status < ERROR:
                expected = Expected(known[0].shape, known[-1].shape, places_of(taken.path, taken.method))
                for one in body_differences(where, taken.shape, expected, {}):
                    yield publisher.difference(one, expected)

    def _of_errors(self, publisher: Publisher) -> Iterable[Difference]:
        """Yield the differences of the reads that fail in every account."""
        for name, answer in self._errors:
            where = f"error: {name}"
            known = {recorded(one).errors[name][0] for one in DIALECTS}
            if answer.status in DENIED:  # without access, these errors do not occur
                continue
            if answer.status not in known:
                wanted = " or ".join(f"status {one}" for one in sorted(known))
                yield Difference(where, "", STATUS, f"status {answer.status}", wanted)
                continue
            body = shape_of(answer.body) if answer.is_json else None
            for one in refusal_differences(answer.status, body, known_errors()):
                yield publisher.difference(one, None)


def place_of(error: BaseException) -> str:
    """Return class and place of an error of this program, without its text, which may contain a value."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"


def _once(differences: Iterable[Difference]) -> list[Difference]:
    """Return differences without repetitions; keys without a name at one place are one."""
    found: dict[tuple[str, str, str], Difference] = {}
    for one in differences:
        found.setdefault((one.operation, one.path, one.what), one)
    return list(found.values())


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
