"""The report of a check as Markdown, ready to be sent: names of keys and kinds of values, never a value."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import metadata, version
from typing import TYPE_CHECKING

from tests.live.comparison import LOST, NEW_KEY
from tests.live.lists import SINGLE, never_read
from tests.live.probing.run import NOT_SETTLED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.live.check import Result
    from tests.live.comparison import Difference
    from tests.live.probing.run import Answered

_LINES = {
    NEW_KEY: "{key}: new key, {found}",
    LOST: "{key}: {found}, which its column cannot represent",
}
_OTHER_LINE = "{key}: {found}, expected {expected}"
_MOST_PLACES = 30
_HONESTY = (
    "This report contains names of keys and kinds of values, never a value. Keys of custom fields, ids and "
    "currencies are replaced, and new keys that could be names."
)


def issues_url() -> str:
    """Return where reports are sent to."""
    urls = dict(one.split(", ", 1) for one in metadata("pipedrive-singer").get_all("Project-URL") or ())
    url = urls.get("Issues", "")
    return "" if "/OWNER/" in url else url


def where_to_send() -> str:
    """Return where reports are sent to, in words."""
    return issues_url() or "the issues of the repository that you cloned"


def report(result: Result) -> str:
    """Return the report of a check."""
    questions = [_open_questions(result), _facts(result)]
    parts = [
        _head(result),
        _differences(result),
        *questions,
        _not_read(result),
        _dialects(result),
        _never_read(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def total(result: Result) -> str:
    """Return the result in one sentence."""
    number = len(result.differences)
    return (
        f"{_plural(number, 'difference')} in {_plural(result.operations, 'list')} with "
        f"{_plural(result.rows, 'row')}; {_plural(len(result.not_read), 'list')} could not be read."
    )


def _head(result: Result) -> str:
    made = f"pipedrive-singer {version('pipedrive-singer')}, Python {platform.python_version()}"
    cost = f"{result.requests:,} requests, {result.tokens:,} tokens by published cost"
    lines = [
        "# Check of a live account",
        f"{total(result)} {cost}, {datetime.now(UTC):%Y-%m-%d}, {made}.",
        _HONESTY,
        f"Please read it, and attach it to a new issue: {where_to_send()}.",
    ]
    if result.left:
        lines.append(f"Rows of this check remain in the account: {', '.join(sorted(result.left))}.")
    if result.ended:
        lines.append(f"**The check is not complete.** {result.ended}")
    return "\n\n".join(lines)


def _differences(result: Result) -> str:
    """Return the differences of each request; requests with the same ones are together."""
    lines: dict[str, list[str]] = {}
    for one in result.differences:
        lines.setdefault(one.operation, []).append(_line(one))
    together: dict[tuple[str, ...], list[str]] = {}
    for operation, differences in lines.items():
        together.setdefault(tuple(differences), []).append(operation)
    parts = [
        "\n".join([f"{', '.join(operations)}:\n", *(f"- {line}" for line in differences)])
        for differences, operations in together.items()
    ]
    return "\n\n".join(["## Differences", *(parts or ["None."])])


def _line(difference: Difference) -> str:
    words = _LINES.get(difference.what, _OTHER_LINE).format(
        key=f"`{difference.path}`" if difference.path else "response",
        found=difference.found,
        expected=difference.expected,
    )
    is_known = difference.what == LOST
    return words + (" (the tap cannot represent it)" if difference.lost and not is_known else "")


def _not_read(result: Result) -> str:
    reasons: dict[str, list[str]] = {}
    for name, reason in result.not_read.items():
        reasons.setdefault(reason, []).append(f"`{name}`")
    if not reasons:
        return ""
    rows = [(reason, ", ".join(names)) for reason, names in reasons.items()]
    return f"## Not read in this account\n\n{_table(('Reason', 'Lists'), rows)}"


def _never_read() -> str:
    reasons: dict[str, list[str]] = {}
    for name, reason in never_read().items():
        if reason != SINGLE:
            reasons.setdefault(reason, []).append(f"`{name}`")
    rows = [(reason, ", ".join(names)) for reason, names in reasons.items()]
    return f"## Not read in any account\n\n{_table(('Reason', 'Lists'), rows)}"


def _open_questions(result: Result) -> str:
    """Return the findings on questions that neither the description nor a recorded response settles."""
    rows = [(one.question, one.answer, " or ".join(_settled(one))) for one in result.answers if one.is_open]
    return f"## Open questions\n\n{_table(('Question', 'This account', 'Our guess'), rows)}" if rows else ""


def _facts(result: Result) -> str:
    """Return the findings on the other questions, with both dialects of the emulator."""
    head = ("Question", "This account", "Description, or a guess", "Recorded responses")
    rows = [
        (one.question, one.answer, one.assumed[0], one.assumed[-1])
        for one in result.answers
        if not one.is_open
    ]
    return f"## Known questions\n\n{_table(head, rows)}" if rows else ""


def _settled(one: Answered) -> list[str]:
    return [assumed for assumed in one.assumed if not assumed.startswith(NOT_SETTLED)]


def _dialects(result: Result) -> str:
    """Return what the account is like where the description and recorded responses differ."""
    sides = {"recorded responses": result.as_observed, "the description": result.as_published}
    counts = {name: sum(map(len, places.values())) for name, places in sides.items()}
    if not any(counts.values()):
        return ""
    less = min(counts, key=lambda name: counts[name])
    words = " and ".join(f"like {name} in {_plural(count, 'place')}" for name, count in counts.items())
    text = f"## Description or recorded responses\n\nWhere the two differ, this account is {words}."
    return text + "".join(f"\n\n{line}" for line in _places(less, sides[less]))


def _places(name: str, places: Mapping[str, list[str]]) -> Iterator[str]:
    every = [f"{operation} `{path}`" for operation, paths in places.items() for path in paths]
    if every:
        more = f", and {len(every) - _MOST_PLACES} more" if len(every) > _MOST_PLACES else ""
        yield f"Like {name}: {', '.join(every[:_MOST_PLACES])}{more}."


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
