"""Dependent columns: a stage and its pipeline, a phase and its board.

Either may be given by name. If both are given, they are checked against each other and sent together, since
Pipedrive would only use the stage.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.mapping.columns.references import REFERENCES
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values import scalars
from target_pipedrive.values.identity import clean, is_missing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_pipedrive.account.rows import Rows
    from target_pipedrive.catalog.spec import EntitySpec
    from target_pipedrive.record.row import Row
    from target_pipedrive.values.encoders import Encoder

_SHOWN = 10


class Name(str):
    """A name instead of an id, to be looked up before the write."""

    __slots__ = ()


def id_or_name(plain: Encoder) -> Encoder:
    """Return an encoder that accepts the values of `plain`, and a name: any other text, or `{"name": …}`."""

    def encode(value: object) -> object:
        value = scalars.from_json_text(value)
        if isinstance(value, Mapping) and value.keys() == {"name"} and not is_missing(value["name"]):
            return as_name(value["name"])
        try:
            return plain(value)
        except RecordFault:
            if isinstance(value, str) and clean(value):
                return Name(clean(value))
            raise

    return encode


def as_name(value: object) -> object:
    """Return a value as the name of a row, even if it looks like an id.

    Raises:
        RecordFault: it is not a text or a number.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise RecordFault(f"must be a name, not {scalars.what(value)}")
    return Name(clean(str(value)))


def placed_columns(entity: EntitySpec | None) -> frozenset[str]:
    """Return the columns of an entity that may be given by name."""
    return frozenset((*entity.within, *entity.within.values())) if entity else frozenset()


def placed(
    body: Mapping[str, object], row: Row | None, entity: EntitySpec, rows: Rows, stream: str
) -> dict[str, object]:
    """Return the body with ids instead of names, after a check that both columns match.

    Nothing is looked up if the row already has both values.

    Args:
        body: body from the record.
        row: the row in Pipedrive; None for a new row, empty if it was not read.
        entity: entity of the columns.
        rows: reads stages and pipelines, once per run.
        stream: name the requests are counted under.

    Raises:
        RecordFault: a name matches no row, or several; or the two columns contradict each other.
    """
    found = dict(body)
    if not row and all_match(body, entity, rows, stream):
        return found
    for child, parent in entity.within.items():
        if child not in found and parent not in found:
            continue
        lists = _Lists(child, parent, rows, stream)
        held = row or {}
        if isinstance(found.get(parent), Name):
            found[parent] = lists.parent_by_name(str(found[parent]))
        above = found.get(parent) if parent in found else held.get(parent)
        if isinstance(found.get(child), Name):
            found[child] = lists.child_by_name(str(found[child]), above)
        if all(name in held and found.get(name, held[name]) == held[name] for name in (child, parent)):
            continue
        if child in found and parent in found:
            lists.check(found[child], found[parent])
        elif parent in found and row:
            raise lists.alone(found[parent])
    return found


def all_match(body: Mapping[str, object], entity: EntitySpec, rows: Rows, stream: str) -> bool:
    """Return whether a body has ids that belong together, or neither of the columns: the usual case."""
    for child, parent in entity.within.items():
        given, above = body.get(child), body.get(parent)
        if type(given) is not int or type(above) is not int:
            if child in body or parent in body:
                return False
            continue
        row = rows.listed(ENTITIES[REFERENCES[child]], {parent: above}, stream).get(str(given))
        if row is None or row.get("id") != given or row.get(parent) != above:
            return False
    return True


def sent_together(changed: dict[str, object], body: Mapping[str, object], entity: EntitySpec) -> None:
    """Add the other column of a pair to the changes, if the record has it."""
    for child, parent in entity.within.items():
        if child in changed or parent in changed:
            changed.update({name: body[name] for name in (child, parent) if name in body})


class _Lists:
    """Names and ids of the rows that two dependent columns may reference."""

    def __init__(self, child: str, parent: str, rows: Rows, stream: str) -> None:
        self._child, self._parent = child, parent
        self._rows, self._stream = rows, stream

    def _listed(self, column: str, above: object = None) -> list[Row]:
        spec = ENTITIES[REFERENCES[column]]
        listed = self._rows.listed(spec, {self._parent: above}, self._stream).values()
        return [one for one in listed if above is None or one.get(self._parent) == above]

    def parent_by_name(self, name: str) -> object:
        """Return the id of the pipeline or board with this name."""
        listed = self._listed(self._parent)
        found = _named(name, listed)
        return found[0].get("id") if len(found) == 1 else self._no_row(self._parent, name, listed, "")

    def child_by_name(self, name: str, above: object) -> object:
        """Return the id of the stage or phase with this name in its pipeline or board, or in any of them."""
        listed = self._listed(self._child, above)
        found = _named(name, listed)
        if len(found) == 1:
            return found[0].get("id")
        where = ""
        if above is not None:
            named = [one.get("name") for one in self._listed(self._parent) if one.get("id") == above]
            where = f" in the {_noun(self._parent)} {named[0] if named else above} ({self._parent} {above})"
        return self._no_row(self._child, name, listed, where)

    def _no_row(self, column: str, name: str, rows: list[Row], where: str) -> NoReturn:
        """Reject a name that no row has, or that several rows have.

        Args:
            column: column of the id.
            name: the name.
            rows: the rows that may have it.
            where: place of these rows.
        """
        noun = _noun(column)
        found = _named(name, rows)
        if found:
            several = column == self._child and not where
            more = f"give the {_noun(self._parent)} too" if several else "use the id"
            shown = ", ".join(self._shown_in(one) if several else str(one.get("id")) for one in found)
            why = f"is the name of several {noun}s{where}: {shown}; {more}"
        else:
            names = {str(one.get("name")).casefold(): str(one.get("name")) for one in rows}
            near = [names[one] for one in difflib.get_close_matches(name.casefold(), names, n=3)]
            shown = ", ".join(near or list(names.values())[:_SHOWN]) or "none"
            kind = "nearest" if near else "known"
            why = f"is not the name of a {noun}{where}; {kind}: {shown} ({noun}s are not created)"
        raise RecordFault(why, fields=(column,), value=name)

    def _shown_in(self, row: Row) -> str:
        """Return id and parent of a stage or phase, such as `4 in Sales`."""
        above = [one for one in self._listed(self._parent) if one.get("id") == row.get(self._parent)]
        return f"{row.get('id')} in {above[0].get('name')}" if above else str(row.get("id"))

    def check(self, child: object, above: object) -> None:
        """Reject a stage or phase of another pipeline or board."""
        inside = self._listed(self._child, above)
        if all(one.get("id") != child for one in inside):
            raise RecordFault(
                f"is not in {self._parent} {above}, which has {_shown(inside)}; send two that match, "
                f"or {self._child} alone",
                fields=(self._child,),
                value=child,
            )

    def alone(self, above: object) -> RecordFault:
        """Return the fault of a change of pipeline or board without a stage or phase."""
        return RecordFault(
            f"can only be changed together with {self._child}; it has "
            f"{_shown(self._listed(self._child, above))}",
            fields=(self._parent,),
            value=above,
        )


def _noun(column: str) -> str:
    return column.removesuffix("_id")


def _named(name: str, rows: Iterable[Row]) -> list[Row]:
    """Return the rows with a name; case and odd spaces are ignored."""
    return [one for one in rows if clean(str(one.get("name"))).casefold() == name.casefold()]


def _shown(rows: list[Row]) -> str:
    return ", ".join(f"{one.get('name')} ({one.get('id')})" for one in rows[:_SHOWN]) or "none"
