"""Denied access: reported once for each stream, and requested again in later runs.

A denied stream does not end the run and is never treated as empty: a warning contains the operation, the
cause and the missing permission, the table at the end marks the stream, and parents whose child requests were
denied stay in the state until a request succeeds.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from pipedrive_client import FeatureOff, MissingScope, NotVisible, PipedriveError, RunError, UnknownMethod
from tap_pipedrive.state.known_ids import IdRanges

if TYPE_CHECKING:
    import logging

    from tap_pipedrive.catalog.spec import JSON, StreamSpec

Context: TypeAlias = Mapping[str, object]

ACCESS_ERRORS = (NotVisible, FeatureOff, UnknownMethod)
"""Errors that mean denied access, by the account, the user or the host."""
_FOR_ALL = (MissingScope, FeatureOff, UnknownMethod)
_PROBES = 20
"""Number of denied parents after which the remaining parents of the run are not requested."""
_MOST_CONTEXTS = 5000
"""Maximum number of parents without numeric id in the state; with more, the parent is read in full."""


class AccessDenied(RunError):  # noqa: N818 - describes the failure, like the client's errors
    """Denied streams, which are an error with `strict_access`."""


@dataclass(slots=True)
class Denial:
    """Denied access to one stream in this run.

    Attributes:
        error: the first error.
        lists: number of denied lists of the stream; 0 if requests of some parents were denied instead.
        below: selected child streams whose parents are missing with the lists.
        parents: number of parents whose request was denied or, after that, not sent.
        succeeded: number of lists or parents whose request succeeded.
        closed: True if no further request can succeed.
    """

    error: PipedriveError
    lists: int = 0
    below: Sequence[str] = ()
    parents: int = 0
    succeeded: int = 0
    closed: bool = False

    def extent(self) -> str:
        """Return how much of the stream is missing."""
        if not self.lists:
            return f"denied for {self.parents:,} of {self.parents + self.succeeded:,} parents"
        return (
            f"denied for {self.lists} of {self.lists + self.succeeded} lists" if self.succeeded else "denied"
        )


class AccessReport:
    """Denied access of a run, by stream; thread-safe."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._lock = threading.Lock()
        self._denials: dict[str, Denial] = {}
        self._succeeded: dict[str, int] = {}

    def deny_list(self, spec: StreamSpec, error: PipedriveError, below: Sequence[str] = ()) -> None:
        """Record that a list of a stream was denied, and warn once per stream.

        Args:
            spec: the stream.
            error: the error of the list.
            below: selected child streams, direct or not, which are read from the rows of the list.
        """
        with self._lock:
            first = spec.name not in self._denials
            denial = self._denials.setdefault(spec.name, Denial(error, below=below, closed=True))
            denial.lists += 1
        if first:
            self._warn(spec, denial, "denied")

    def deny_parents(self, stream: str, error: PipedriveError, parents: int) -> None:
        """Record that the requests of some parents were denied."""
        with self._lock:
            denial = self._denials.setdefault(stream, Denial(error))
            denial.parents += parents
            denial.closed |= isinstance(error, _FOR_ALL) or (
                denial.parents >= _PROBES and not self._succeeded.get(stream)
            )

    def record_success(self, stream: str, count: int = 1) -> None:
        """Record that some requests succeeded: lists, or requests of parents."""
        with self._lock:
            self._succeeded[stream] = self._succeeded.get(stream, 0) + count

    def has_success(self, stream: str) -> bool:
        """Return whether a request of the stream succeeded."""
        return bool(self._succeeded.get(stream))

    def closed(self, stream: str) -> PipedriveError | None:
        """Return the error after which no request of the stream can succeed, or None."""
        denial = self._denials.get(stream)
        return denial.error if denial and denial.closed else None

    def marks(self) -> dict[str, str]:
        """Return stream → how much of it was denied, for the table at the end.

        A child stream of a denied list is marked with its parent, unless it was denied itself.
        """
        found = {}
        for stream, denial in self._denials.items():
            denial.succeeded = self._succeeded.get(stream, 0)
            found[stream] = denial.extent()
        for stream, denial in self._denials.items():
            for child in denial.below:
                found.setdefault(child, f"{stream} {found[stream]}")
        return found

    def errors(self) -> dict[str, PipedriveError]:
        """Return the first error of each denied stream."""
        return {stream: denial.error for stream, denial in self._denials.items()}

    def warn(self, specs: Mapping[str, StreamSpec]) -> None:
        """Warn once about each stream with denied parents, with their number."""
        marks = self.marks()
        for stream, denial in sorted(self._denials.items()):
            if not denial.lists:
                self._warn(specs[stream], denial, marks[stream])

    def error(self) -> AccessDenied | None:
        """Return the error for `strict_access`, or None if nothing was denied."""
        if not self._denials:
            return None
        streams = ", ".join(f"{name} ({mark})" for name, mark in sorted(self.marks().items()))
        return AccessDenied(
            f"Pipedrive denied access to streams: {streams}. Grant access, deselect them, or unset "
            "strict_access."
        )

    def _warn(self, spec: StreamSpec, denial: Denial, extent: str) -> None:
        needs = f" The stream requires {spec.needs}." if spec.needs else ""
        below = f" and those of its child streams {', '.join(denial.below)}" if denial.below else ""
        self._logger.warning(
            "Access to stream %s was %s: %s%s Its records%s are missing, not deleted; once access is "
            "granted, the next run reads them.",
            spec.name,
            extent,
            denial.error,
            needs,
            below,
        )


class MissingParents:
    """Parents of one child stream whose child rows are missing, stored in the stream's state.

    The requests of those in `refused` were denied; those in `absent` were not found. The state is
    `{"ids": "1-20,31", "contexts": [{…}], "all": true}`: parents with one numeric id as ranges, others as
    contexts, and `all` if there are too many contexts.

    Args:
        spec: the child stream.
        memo: its entry in the state that was passed to this run.
        state: its entry in the state that this run writes.
        place: key in these entries.
    """

    def __init__(
        self, spec: StreamSpec, memo: Mapping[str, JSON], state: MutableMapping[str, Any], place: str
    ) -> None:
        self._state, self._place = state, place
        parent = spec.parent
        names = list(parent.context) if parent else []
        self._name = names[0] if len(names) == 1 else None
        given = memo.get(place)
        given = given if isinstance(given, dict) else {}
        self.all = given.get("all") is True
        self._ids = IdRanges.parse(str(given.get("ids", "")))
        contexts = given.get("contexts")
        known = contexts if isinstance(contexts, list) else []
        self._others = {_key(one): one for one in known if isinstance(one, dict)}
        self._before: list[Context] = [*self._contexts()]
        self._due = self._before

    def due(self) -> list[Context]:
        """Return parents stored in an earlier run that this run has not requested yet."""
        return [one for one in self._due if self._contains(one)]

    def stored(self) -> tuple[list[Context], list[Context]]:
        """Return the parents that were stored in an earlier run and still are, and those of this run."""
        before = {_key(one) for one in self._before}
        parts: tuple[list[Context], list[Context]] = [], []
        for one in self._contexts():
            parts[_key(one) not in before].append(one)
        return parts

    def update(self, requested: Sequence[Context], missing: Iterable[Context]) -> None:
        """Update the parents that were requested."""
        again = [*missing]
        done = {_key(one) for one in requested}
        self._due = [one for one in self._due if _key(one) not in done]
        for one in requested:
            number = self._number(one)
            if number is None:
                self._others.pop(_key(one), None)
            else:
                self._ids.discard(number)
        for one in again:
            number = self._number(one)
            if number is None:
                self._others[_key(one)] = cast("dict[str, JSON]", dict(one))
            else:
                self._ids.add(number)
        if len(self._others) > _MOST_CONTEXTS:
            self._others.clear()
            self.all = True
        self._publish()

    def forget_all(self) -> None:
        """Record that this run requests every parent, because the state does not contain them all."""
        self.all = False

    def _publish(self) -> None:
        memo: dict[str, JSON] = {}
        if len(self._ids):
            memo["ids"] = str(self._ids)
        if self._others:
            memo["contexts"] = [self._others[key] for key in sorted(self._others, key=str)]
        if self.all:
            memo["all"] = True
        if memo:
            self._state[self._place] = memo
        else:
            self._state.pop(self._place, None)

    def _number(self, context: Context) -> int | None:
        value = context.get(self._name) if self._name else None
        return value if type(value) is int and value > 0 else None

    def _contains(self, context: Context) -> bool:
        number = self._number(context)
        return _key(context) in self._others if number is None else number in self._ids

    def _contexts(self) -> Iterable[Context]:
        if self._name:
            yield from ({self._name: one} for one in self._ids.missing_from(IdRanges()))
        yield from self._others.values()


def _key(context: Context) -> tuple[object, ...]:
    return tuple(str(value) for value in context.values())
