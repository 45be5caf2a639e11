"""Parents of a fan-out whose child rows are missing, in the state until a request succeeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from tap_pipedrive.state.known_ids import IdRanges

if TYPE_CHECKING:
    from tap_pipedrive.catalog.spec import JSON, StreamSpec

Context: TypeAlias = Mapping[str, object]

_MOST_CONTEXTS = 5000
"""Maximum number of parents without numeric id in the state; with more, the parent is read in full."""


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
        requested = {*(parent.query if parent else ())}.union(*(read.placeholders for read in spec.reads))
        self._identity = [name for name in names if name in requested] or names
        given = memo.get(place)
        given = given if isinstance(given, dict) else {}
        self.all = given.get("all") is True
        self._ids = IdRanges.parse(str(given.get("ids", "")))
        contexts = given.get("contexts")
        known = contexts if isinstance(contexts, list) else []
        self._others = {self._key(one): one for one in known if isinstance(one, dict)}
        self._before: list[Context] = [*self._contexts()]
        self._due = self._before

    def due(self) -> list[Context]:
        """Return parents stored in an earlier run that this run has not requested yet."""
        return [one for one in self._due if self._contains(one)]

    def stored(self) -> tuple[list[Context], list[Context]]:
        """Return the parents that are missing in two runs, this one and an earlier one, and in this run only.

        Parents of earlier runs that this run has not requested are in neither list.
        """
        before, due = ({self._key(one) for one in some} for some in (self._before, self._due))
        twice: list[Context] = []
        once: list[Context] = []
        for one in self._contexts():
            key = self._key(one)
            if key not in due:
                (twice if key in before else once).append(one)
        return twice, once

    def update(self, requested: Sequence[Context], missing: Iterable[Context]) -> None:
        """Update the parents that were requested."""
        again = [*missing]
        done = {self._key(one) for one in requested}
        self._due = [one for one in self._due if self._key(one) not in done]
        for one in requested:
            number = self._number(one)
            if number is None:
                self._others.pop(self._key(one), None)
            else:
                self._ids.discard(number)
        for one in again:
            number = self._number(one)
            if number is None:
                self._others[self._key(one)] = cast("dict[str, JSON]", dict(one))
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
        return self._key(context) in self._others if number is None else number in self._ids

    def _contexts(self) -> Iterable[Context]:
        if self._name:
            yield from ({self._name: one} for one in self._ids.missing_from(IdRanges()))
        yield from self._others.values()

    def _key(self, context: Context) -> tuple[object, ...]:
        """Return the identity of a parent: the columns that its request contains."""
        return tuple(str(context.get(name)) for name in self._identity)
