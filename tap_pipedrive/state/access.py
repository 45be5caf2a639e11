"""Access that the account refuses: reported once for each stream, and requested again in later runs.

A refused stream does not end the run, and is never taken for an empty one: a warning names the operation, the
cause and what is missing, the table at the end marks the stream, and the parents whose child requests were
refused stay in the state until they are answered.
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

REFUSALS = (NotVisible, FeatureOff, UnknownMethod)
"""Errors that mean: the account, the user or the host does not give this."""
_FOR_ALL = (MissingScope, FeatureOff, UnknownMethod)
_PROBES = 20
"""Parents refused one by one, before the others of the run are not requested any more."""
_MOST_CONTEXTS = 5000
"""Parents without a numeric id that the state keeps; with more, the parent's list is read from its start."""


class AccessRefused(RunError):  # noqa: N818 - says what happened, as the client's errors do
    """Streams were refused, and `strict_access` makes that an error."""


@dataclass(slots=True)
class Refusal:
    """What was refused of one stream in this run.

    Attributes:
        error: the first refusal.
        whole: whether the list itself was refused, not the requests of some parents.
        parents: parents whose request was refused or, after that, not sent.
        answered: parents whose request was answered.
        closed: whether no further request can succeed.
    """

    error: PipedriveError
    whole: bool = False
    parents: int = 0
    answered: int = 0
    closed: bool = False

    def extent(self) -> str:
        """How much of the stream is missing."""
        if self.whole:
            return "refused"
        return f"refused for {self.parents:,} of {self.parents + self.answered:,} parents"


class AccessReport:
    """Refusals of a run, by stream; safe to use from several threads."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._lock = threading.Lock()
        self._refusals: dict[str, Refusal] = {}
        self._answered: dict[str, int] = {}

    def refuse_list(self, spec: StreamSpec, error: PipedriveError) -> None:
        """Note that a list was refused, and warn."""
        with self._lock:
            self._refusals[spec.name] = Refusal(error, whole=True, closed=True)
        self._warn(spec, self._refusals[spec.name])

    def refuse_parents(self, stream: str, error: PipedriveError, parents: int) -> None:
        """Note that the requests of some parents were refused."""
        with self._lock:
            refusal = self._refusals.setdefault(stream, Refusal(error))
            refusal.parents += parents
            refusal.closed |= isinstance(error, _FOR_ALL) or (
                refusal.parents >= _PROBES and not self._answered.get(stream)
            )

    def answer_parents(self, stream: str, parents: int) -> None:
        """Note that the requests of some parents were answered."""
        with self._lock:
            self._answered[stream] = self._answered.get(stream, 0) + parents

    def closed(self, stream: str) -> PipedriveError | None:
        """The refusal after which no request of the stream can succeed; None as long as there is none."""
        refusal = self._refusals.get(stream)
        return refusal.error if refusal and refusal.closed else None

    def marks(self) -> dict[str, str]:
        """Stream → how much of it was refused, for the table at the end."""
        found = {}
        for stream, refusal in self._refusals.items():
            refusal.answered = self._answered.get(stream, 0)
            found[stream] = refusal.extent()
        return found

    def warn(self, specs: Mapping[str, StreamSpec]) -> None:
        """Warn of each stream whose parents were refused, once and with their number."""
        marks = self.marks()
        for stream in sorted(marks):
            if not self._refusals[stream].whole:
                self._warn(specs[stream], self._refusals[stream])

    def error(self) -> AccessRefused | None:
        """The error of a run that accepts no refusal; None when nothing was refused."""
        if not self._refusals:
            return None
        streams = ", ".join(f"{name} ({mark})" for name, mark in sorted(self.marks().items()))
        return AccessRefused(
            f"Pipedrive refused streams: {streams}. Grant the access, deselect them, or unset strict_access."
        )

    def _warn(self, spec: StreamSpec, refusal: Refusal) -> None:
        needs = f" The stream needs {spec.needs}." if spec.needs else ""
        self._logger.warning(
            "Stream %s was %s: %s%s Its records are missing, not deleted; once access is granted, the next "
            "run reads them.",
            spec.name,
            refusal.extent(),
            refusal.error,
            needs,
        )


class RefusedParents:
    """Parents of one child stream whose requests were refused, kept in the stream's state.

    The memo is `{"ids": "1-20,31", "contexts": [{…}], "all": true}`: parents known by one number as ranges,
    others as they are, and `all` when there were too many of these.

    Args:
        spec: the child stream.
        memo: its entry in the state that was passed to this run.
        state: its entry in the state that this run writes.
    """

    def __init__(self, spec: StreamSpec, memo: Mapping[str, JSON], state: MutableMapping[str, Any]) -> None:
        self._state = state
        parent = spec.parent
        names = list(parent.context) if parent else []
        self._name = names[0] if len(names) == 1 else None
        refused = memo.get("refused")
        refused = refused if isinstance(refused, dict) else {}
        self.all = refused.get("all") is True
        self._ids = IdRanges.parse(str(refused.get("ids", "")))
        contexts = refused.get("contexts")
        known = contexts if isinstance(contexts, list) else []
        self._others = {_key(one): one for one in known if isinstance(one, dict)}
        self._due: list[Context] = [*self._contexts()]

    def due(self) -> list[Context]:
        """Parents refused in an earlier run that this run has not requested yet."""
        return [one for one in self._due if self._holds(one)]

    def update(self, asked: Sequence[Context], refused: Iterable[Context]) -> None:
        """Replace what is known of the parents that were requested."""
        again = [*refused]
        done = {_key(one) for one in asked}
        self._due = [one for one in self._due if _key(one) not in done]
        for one in asked:
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
        """Note that every parent is requested in this run, since the state could not keep them apart."""
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
            self._state["refused"] = memo
        else:
            self._state.pop("refused", None)

    def _number(self, context: Context) -> int | None:
        value = context.get(self._name) if self._name else None
        return value if type(value) is int and value > 0 else None

    def _holds(self, context: Context) -> bool:
        number = self._number(context)
        return _key(context) in self._others if number is None else number in self._ids

    def _contexts(self) -> Iterable[Context]:
        if self._name:
            yield from ({self._name: one} for one in self._ids.missing_from(IdRanges()))
        yield from self._others.values()


def _key(context: Context) -> tuple[object, ...]:
    return tuple(str(value) for value in context.values())
