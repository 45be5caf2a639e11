"""Conversions of irregular records to the columns of their action; specifications name the function."""

from __future__ import annotations

import base64
import binascii
import mimetypes
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from target_pipedrive.mapping.columns.binding import Binding, Place
from target_pipedrive.record.draft import Reference
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values import scalars
from target_pipedrive.values.compound import PRIMARY_ROW, Entries
from target_pipedrive.values.identity import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from target_pipedrive.record.draft import Draft

_ENTITY_COLUMNS = {
    "deal": "deal_id",
    "person": "person_id",
    "org": "org_id",
    "organization": "org_id",
    "product": "product_id",
    "activity": "activity_id",
    "lead": "lead_id",
    "project": "project_id",
}

NAME = "name"
NAME_PARTS = ("first_name", "last_name")


def attached_to(draft: Draft, extras: Mapping[str, object]) -> None:
    """Convert `entity_type` and `entity_id` to the column of that entity."""
    kind, row_id = extras.get("entity_type"), extras.get("entity_id")
    if kind is None and row_id is None:
        return
    column = _ENTITY_COLUMNS.get(str(kind).lower().removesuffix("s"))
    if column is None or row_id is None:
        raise RecordFault(
            f"must be one of {', '.join(sorted(_ENTITY_COLUMNS))}, with entity_id", fields=("entity_type",)
        )
    draft.body[column] = scalars.uuid(row_id) if column == "lead_id" else scalars.integer(row_id)


def primary_participant(draft: Draft, extras: Mapping[str, object]) -> None:
    """Convert `person_id` of an activity to its primary participant, the only form Pipedrive accepts.

    It replaces the stored primary participant; the others stay.
    """
    del extras
    person = draft.body.pop("person_id", None)
    waiting = [one for one in draft.references if one.column == "person_id" and one.place is draft.body]
    if draft.body.get("participants"):
        draft.references = [one for one in draft.references if one not in waiting]
        return
    if person is None and not waiting:
        return
    entry: dict[str, object] = {"primary": True}
    if person is not None:
        entry["person_id"] = person
    for one in waiting:
        one.place = entry
    participants = Entries([entry], kind=PRIMARY_ROW, whole=False)
    draft.body["participants"] = participants
    draft.lists_of_rows.append((cast("list[object]", participants), [entry]))


def own_prices(draft: Draft, extras: Mapping[str, object]) -> None:
    """Remove the id of their own row from prices."""
    del extras
    prices = draft.body.get("prices")
    for price in prices if isinstance(prices, list) else ():
        if isinstance(price, dict):
            for name in ("product_variation_id", "product_id"):
                price.pop(name, None)
            draft.references = [one for one in draft.references if one.place is not price]


_ASSIGNEES = {"person": "users", "company": "companies", "team": "teams"}


def assignee(draft: Draft, extras: Mapping[str, object]) -> None:
    """Convert the user, company or team of a goal, which has another id in another account."""
    del extras
    given = draft.body.get("assignee")
    kind = _ASSIGNEES.get(str(given.get("type"))) if isinstance(given, dict) else None
    if not draft.foreign or not isinstance(given, dict) or kind is None or given.get("id") is None:
        return
    given = draft.body["assignee"] = dict(given)
    draft.references.append(
        Reference(column="id", entity=kind, external_id=str(given["id"]), place=given, needed=True)
    )


def full_name(draft: Draft, extras: Mapping[str, object]) -> None:
    """Convert the first and the last name of a person to the name, from which Pipedrive derives both.

    Nothing is done without both, since a name made of one of them could shorten the name of a row.
    """
    if NAME in draft.body or not extras.keys() >= {*NAME_PARTS}:
        return
    first, last = (clean(str(scalars.text(extras[name]))) for name in NAME_PARTS)
    if first and last:
        draft.body[NAME] = f"{first} {last}"


@dataclass(slots=True, kw_only=True)
class FullName(Binding):
    """The columns of a first and a last name, by which rows are found like by their name.

    Attributes:
        last: column of the last name; `source` is that of the first name.
    """

    last: str


def name_parts(bindings: Iterable[Binding]) -> list[Binding]:
    """Return the columns of the first and the last name; empty unless both are bound."""
    found = [one for one in bindings if one.place is Place.EXTRA and one.name in NAME_PARTS]
    return sorted(found, key=lambda one: one.name) if len(found) == len(NAME_PARTS) else []


def lone_name_part(bindings: Iterable[Binding]) -> list[str]:
    """Return the column of a first or last name that is not written, because the other one is not bound."""
    found = [one.source for one in bindings if one.place is Place.EXTRA and one.name in NAME_PARTS]
    return found if len(found) == 1 else []


def bound_name(bindings: Iterable[Binding]) -> Binding | None:
    """Return the columns of a first and a last name as a column of the name; None unless both are bound."""
    parts = name_parts(bindings)
    if not parts:
        return None
    first, last = (one.source for one in parts)
    return FullName(source=first, last=last, place=Place.BODY, name=NAME, encode=scalars.text)


def sources_of(bindings: Iterable[Binding]) -> list[str]:
    """Return the columns of the record that the values of bindings come from."""
    return [
        source
        for one in bindings
        for source in ((one.source, one.last) if isinstance(one, FullName) else (one.source,))
    ]


SHAPES: Mapping[str, Callable[[Draft, Mapping[str, object]], None]] = MappingProxyType(
    {
        "attached_to": attached_to,
        "primary_participant": primary_participant,
        "own_prices": own_prices,
        "assignee": assignee,
        "full_name": full_name,
    }
)
FILE_EXTRAS = ("content", "content_encoding", "path", "file_name")


def file_part(draft: Draft, column: str, record: Mapping[str, object], files_dir: Path | None) -> None:
    """Put the file of an upload into the draft.

    The bytes are in `content` (text, or base64 with `content_encoding: base64`, or `data:…;base64,…`), or in
    the file `path` below the setting `files_dir`.

    Raises:
        RecordFault: there is no content, or the path is outside of the folder.
    """
    name = record.get("file_name")
    content, path = record.get("content", record.get(column)), record.get("path")
    if path:
        source = allowed(path, files_dir)
        body: object = source
        name = name or source.name
    elif isinstance(content, str):
        body = _bytes_of(content, record.get("content_encoding"))
    else:
        raise RecordFault(
            "needs the file in one of the columns {columns}: content is text or base64, path is inside "
            "files_dir",
            fields=("content", "path"),
        )
    filename = str(name or "file.txt")
    draft.files[column] = (
        filename,
        body,
        mimetypes.guess_type(filename)[0] or "application/octet-stream",
    )


def _bytes_of(content: str, encoding: object) -> bytes:
    if content.startswith("data:") and ";base64," in content[:200]:
        content, encoding = content.partition(";base64,")[2], "base64"
    if encoding in (None, "", "text", "utf-8", "utf8"):
        return content.encode()
    if encoding != "base64":
        raise RecordFault("must be text or base64", fields=("content_encoding",))
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise RecordFault("is not base64", fields=("content",)) from None


def allowed(path: object, files_dir: Path | None) -> Path:
    """Return the file of a record, which must be in the folder of the settings.

    Raises:
        RecordFault: the folder or file does not exist, or the file is outside of the folder.
    """
    if files_dir is None:
        raise RecordFault(
            "names a file, but files_dir is not set; set it to the folder of the files to upload",
            fields=("path",),
        )
    try:
        folder = files_dir.resolve()
        found = (folder / str(path)).resolve()
        inside, there = found.is_relative_to(folder), found.is_file()
    except (OSError, ValueError, RuntimeError) as error:
        # A name that is too long, one with NUL, a loop of links: each Python version has its own exception.
        why = getattr(error, "strerror", None) or "it is not a usable path, or a link in it leads to itself"
        raise RecordFault(f"cannot be used ({why}); name a file below files_dir", fields=("path",)) from None
    if not inside:
        raise RecordFault("is outside files_dir; use a file in that folder", fields=("path",))
    if not there:
        raise RecordFault("is not an existing file in files_dir; check the name", fields=("path",))
    return found
