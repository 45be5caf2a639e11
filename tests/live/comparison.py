"""Differences between a live account, the emulator and this project's catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_pipedrive.catalog import STREAMS

if TYPE_CHECKING:
    from tests.live.shapes import Shape
    from tests.live.survey import Seen
    from tests.live.writes import Taken

_EMPTY = {"null", "empty text"}
_ALIKE = ({"integer", "number"}, {"text", "digits", "date", "time of day"})


def differences(live: Seen, emulated: Seen | None) -> list[str]:
    """Return how a read of a live account differs from what this project assumes.

    Args:
        live: the read of the live account.
        emulated: the same read of the emulator, or None if the emulator had no rows to request.

    Returns:
        Sentences without any value of a row.
    """
    if live.error:
        code = f", code {live.code}" if live.code else ""
        return [f"refused with status {live.status} ({live.error}{code})"]
    found = [f"published schema: {departure}" for departure in live.departures]
    found += [f"column {name} is missing in the tap" for name in _without_column(live)]
    if emulated is None or emulated.error or not (emulated.rows and live.rows):
        return found
    found += _between(live.shape, emulated.shape, "")
    found += _between(live.envelope, emulated.envelope, "outside of the rows: ")
    return found


def write_differences(live: Taken, emulated: Taken | None) -> list[str]:
    """Return the differences of a live account's response to a write from the emulator's.

    Args:
        live: response of the live account.
        emulated: response of the emulator to the same step, or None if it was not reached.
    """
    found = [f"published schema: {departure}" for departure in live.departures]
    if emulated is None:
        return found
    if (live.status, live.error) != (emulated.status, emulated.error):
        found.append(
            f"answered {live.status} {live.error}".rstrip()
            + f", the emulator {emulated.status} {emulated.error}".rstrip()
        )
    elif live.code != emulated.code:
        found.append(f"error code {live.code or 'none'}, in the emulator {emulated.code or 'none'}")
    elif live.shape and emulated.shape:
        found += _between(live.shape, emulated.shape, "")
    return found


def _without_column(live: Seen) -> list[str]:
    spec = STREAMS[live.stream]
    if spec.shape:  # its rows are built from several keys
        return []
    top = {path for path in live.shape if "." not in path and "[]" not in path}
    return sorted(top - set(spec.schema) - {"custom_fields"} - {one for one in top if one.startswith("<")})


def _between(live: Shape, emulated: Shape, where: str) -> list[str]:
    found = []
    for path in sorted(live.keys() - emulated.keys()):
        parent = path.rpartition(".")[0].removesuffix("[]")
        if not parent or parent in emulated:  # else the parent itself is the difference
            found.append(f"{where}{path} ({_words(live[path])}) is not in the emulator's answer")
    found += [f"{where}{path} is only in the emulator's answer" for path in sorted(_only(emulated, live))]
    for path in sorted(live.keys() & emulated.keys()):
        new = _filled(live[path]) - _filled(emulated[path])
        if new and _filled(emulated[path]):
            found.append(f"{where}{path} is {_words(new)}, in the emulator's answer {_words(emulated[path])}")
    return found


def _only(emulated: Shape, live: Shape) -> set[str]:
    """Return the keys of rows that the live account never sent; nested keys depend on the rows."""
    return {path for path in emulated.keys() - live.keys() if "." not in path and "[]" not in path}


def _filled(kinds: set[str]) -> set[str]:
    """Return the kinds of values, one name for kinds that differ by chance of the data."""
    found = kinds - _EMPTY
    for alike in _ALIKE:
        if found & alike:
            found = found - alike | {min(alike)}
    return found


def _words(kinds: set[str]) -> str:
    return " or ".join(sorted(kinds))
