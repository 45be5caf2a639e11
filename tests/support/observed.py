"""Recorded responses of live accounts, condensed to keys and kinds, for the tests of the emulator.

A recording is a request, its status and its response. `condensed` keeps the path, the keys of the request
body, and the shape of the response, without any value. A shape is a text for plain values (`int|null`), an
object of shapes, or a list with the shape of its entries; `?` after a key means that some rows lack it.
"""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FILE = Path(__file__).parents[1] / "resources" / "observed" / "answers.json"
BESIDE = Path(__file__).parents[3] / "shared" / "evidence"
"""Folder of the recordings next to a clone, unless the environment contains another one."""
VARIABLE = "PIPEDRIVE_EVIDENCE"

HASH = re.compile(r"^[0-9a-f]{40}(?=$|_)")
NUMBER = re.compile(r"^\d+$")
IN_PATH = re.compile(r"(?<=/)(\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=/|$)")
TEXTS = (
    ("sql-time", re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")),
    ("rfc3339", re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")),
    ("millis", re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")),
    ("date", re.compile(r"^\d{4}-\d\d-\d\d$")),
)
OWN_HEADERS = {"content-type", "cache-control", "access-control-expose-headers", "x-401-by-gw"}
Shape = Any


def folder() -> Path | None:
    """The folder of recordings; None if it does not exist."""
    named = os.environ.get(VARIABLE)
    found = Path(named) if named else BESIDE
    return found if found.is_dir() else None


def recordings() -> Iterator[dict[str, Any]]:
    """Every recording, in the order of the files."""
    place = folder()
    assert place is not None
    for path in sorted(place.glob("*.json")):
        yield {**json.loads(path.read_text(encoding="utf-8")), "file": path.name}


@cache
def cases() -> list[dict[str, Any]]:
    """The condensed recordings that the repository keeps."""
    return json.loads(FILE.read_text(encoding="utf-8"))


# ── shapes ───────────────────────────────────────────────────────────────────────────────────────


def kind_of(value: object, *, timed: bool = True) -> str:
    """The kind of a plain value; times have kinds of their own if `timed`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "number"
    forms = TEXTS if timed else ()
    return next((name for name, pattern in forms if pattern.match(str(value))), "text")


def key_of(name: str) -> str:
    """Return a key without account-specific parts: hashes of custom fields, ids of related objects."""
    return "{id}" if NUMBER.match(name) else HASH.sub("{hash}", name)


class Merged:
    """The union of values at one place."""

    def __init__(self, *, timed: bool = True) -> None:
        self.timed = timed
        self.plain: set[str] = set()
        self.keys: dict[str, Merged] = {}
        self.seen: dict[str, int] = {}
        self.objects = 0
        self.entries: Merged | None = None

    def add(self, value: object) -> Merged:
        """Add a value."""
        if isinstance(value, dict):
            self.objects += 1
            for name in dict.fromkeys(map(key_of, value)):
                self.seen[name] = self.seen.get(name, 0) + 1
            for name, inner in value.items():
                self.keys.setdefault(key_of(name), Merged(timed=self.timed)).add(inner)
        elif isinstance(value, list):
            self.entries = self.entries or Merged(timed=self.timed)
            for inner in value:
                self.entries.add(inner)
        else:
            self.plain.add(kind_of(value, timed=self.timed))
        return self

    def shape(self) -> Shape:
        """The union in its compact form."""
        parts: list[Shape] = ["|".join(sorted(self.plain))] if self.plain else []
        if self.objects:
            parts.append(
                {
                    name + ("" if self.seen[name] == self.objects else "?"): self.keys[name].shape()
                    for name in sorted(self.keys)
                }
            )
        if self.entries is not None:
            parts.append([self.entries.shape()] if self.entries.known else [])
        return parts[0] if len(parts) == 1 else {"|": parts} if parts else ""

    @property
    def known(self) -> bool:
        """True if a value was added."""
        return bool(self.plain or self.objects or self.entries is not None)


def shape_of(values: Iterable[object], *, timed: bool = True) -> Shape:
    """The shape of the values of one place."""
    merged = Merged(timed=timed)
    for value in values:
        merged.add(value)
    return merged.shape()


def _parts(shape: Shape) -> list[Shape]:
    return shape["|"] if isinstance(shape, dict) and "|" in shape else [shape]


def _part(shape: Shape, kind: type) -> Shape | None:
    return next((one for one in _parts(shape) if isinstance(one, kind)), None)


def _kinds(shape: Shape) -> set[str]:
    plain = _part(shape, str)
    return set(plain.split("|")) - {""} if plain else set()


def _fits(kind: str, recorded: set[str]) -> bool:
    if kind in recorded or kind == "null":
        return True
    if kind in ("int", "number"):
        return bool(recorded & {"int", "number"})
    return "text" in recorded and kind in dict(TEXTS)


def departures(answer: Shape, recorded: Shape, where: str = "") -> Iterator[str]:
    """Differences of the shape of a response from a recorded one."""
    wanted, keys, entries = _kinds(recorded), _part(recorded, dict), _part(recorded, list)
    more = _part(answer, dict)
    if wanted - {"null"} or keys is not None or entries is not None:
        for kind in sorted(_kinds(answer)):
            if not _fits(kind, wanted):
                yield f"{where}: {kind} instead of {_named(recorded)}"
        if more is not None and keys is None:
            yield f"{where}: an object instead of {_named(recorded)}"
        if _part(answer, list) is not None and entries is None:
            yield f"{where}: a list instead of {_named(recorded)}"
    if keys is not None and more is not None:
        yield from _object_departures(more, keys, where)
    inner = _part(answer, list)
    if inner and entries:
        yield from departures(inner[0], entries[0], f"{where}[]")


def keys_beyond(shape: Shape, known: Shape, where: str = "") -> Iterator[str]:
    """Keys of a shape, of all rows or of some, that no row of another shape has."""
    for name, one, other in _pairs(shape, known):
        if other is None:
            yield f"{where}.{name}"
        elif one is not None:
            yield from keys_beyond(one, other, f"{where}.{name}")
    inner, entries = _part(shape, list), _part(known, list)
    if inner and entries:
        yield from keys_beyond(inner[0], entries[0], f"{where}[]")


def unfilled(answer: Shape, recorded: Shape, where: str = "") -> Iterator[str]:
    """Recorded objects and lists that are null or empty in a response, so that no key is compared."""
    inner, entries = _part(answer, list), _part(recorded, list)
    if _part(recorded, dict) is not None and _part(answer, dict) is None:
        yield where
    elif entries and not inner:
        yield f"{where}[]"
    for name, one, other in _pairs(answer, recorded):
        if one is not None and other is not None:
            yield from unfilled(one, other, f"{where}.{name}")
    if inner and entries:
        yield from unfilled(inner[0], entries[0], f"{where}[]")


def _pairs(answer: Shape, recorded: Shape) -> Iterator[tuple[str, Shape | None, Shape | None]]:
    """Return each key of two objects with its shape in both, except for keys of an account and of a page."""
    one, other = (_part(shape, dict) for shape in (answer, recorded))
    if one is None or other is None:
        return
    found, wanted = ({name.removesuffix("?"): shape for name, shape in each.items()} for each in (one, other))
    for name in sorted(found.keys() | wanted.keys()):
        if not name.startswith("{hash}") and name not in ("{id}", "next_start"):
            yield name, found.get(name), wanted.get(name)
        elif name == "{id}" and name in found and name in wanted:
            yield name, found[name], wanted[name]


def _object_departures(more: Shape, keys: Shape, where: str) -> Iterator[str]:
    for name, shape in keys.items():
        plain = name.removesuffix("?")
        if plain.startswith("{hash}") or plain == "next_start":
            continue  # account-specific, or of a page with a next page
        if plain in more:
            yield from departures(more[plain], shape, f"{where}.{plain}")
        elif f"{plain}?" in more:
            yield from departures(more[f"{plain}?"], shape, f"{where}.{plain}")
            if plain == name:
                yield f"{where}.{plain}: missing in some rows"
        elif plain == name and plain != "{id}":
            yield f"{where}.{plain}: missing"


def _named(shape: Shape) -> str:
    names = [
        one if isinstance(one, str) else "an object" if isinstance(one, dict) else "a list"
        for one in _parts(shape)
    ]
    return " or ".join(names) or "nothing"


# ── recordings ───────────────────────────────────────────────────────────────────────────────────


def path_of(path: str) -> str:
    """A path with placeholders instead of ids; /v1 and /api/v1 stay as they were sent."""
    return IN_PATH.sub("{id}", path)


def by_object(body: Any) -> Any:
    """Return a body whose rows of different objects (flows, recents) are lists of their own."""
    rows = body.get("data") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "object" in row for row in rows):
        return body
    kinds = dict.fromkeys(row["object"] for row in rows)
    return {**body, "data": {kind: [row for row in rows if row["object"] == kind] for kind in kinds}}


def headers_of(headers: dict[str, str]) -> dict[str, str]:
    """Return the headers that Pipedrive's own services send, with the values that are always the same."""
    return {
        name: "" if "ratelimit" in name else value
        for name, value in sorted(headers.items())
        if name in OWN_HEADERS or "ratelimit" in name
    }


def condensed(many: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one case for each method, path and status, and for errors one for each kind.

    With `wire`, headers were recorded too, so that the status is certain. With `whole`, no key was removed
    from the bodies. Times that an author wrote by hand are treated as text.
    """
    grouped: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for one in many:
        apart = one["operation"] if one["operation"].startswith("error.") else ""
        key = (one["method"], path_of(one["path"]), str(one["status"]), apart)
        grouped.setdefault(key, []).append(one)
    return [_case(*key, group) for key, group in sorted(grouped.items())]


def _case(method: str, path: str, status: str, error: str, group: list[dict[str, Any]]) -> dict[str, Any]:
    bodies = {tuple(_keys(one["request"])) for one in group if one["request"]}
    queries = {tuple(sorted(one["query"])) for one in group if one["query"]}
    by_hand = all("by hand" in one.get("note", "") for one in group)
    own = [one["headers"] for one in group if one["headers"] and "proxy" not in one.get("note", "")]
    return {
        "method": method,
        "path": path,
        "status": int(status),
        **({"error": error.removeprefix("error.")} if error else {}),
        **({"queries": sorted(map(list, queries))} if queries else {}),
        **({"bodies": sorted(map(list, bodies))} if bodies else {}),
        **({"code": group[0]["body"]["code"]} if "code" in group[0]["body"] else {}),
        "recorded": sorted({one["date"] for one in group}),
        **({"wire": True} if any(one["headers"] for one in group) else {}),
        **({"headers": headers_of(max(own, key=len))} if own else {}),
        **({"whole": True} if any(map(_is_whole, group)) else {}),
        "answer": shape_of((by_object(one["body"]) for one in group), timed=not by_hand),
    }


def _is_whole(one: dict[str, Any]) -> bool:
    return bool(one["headers"]) or "production account" in one.get("note", "")


def _keys(body: dict[str, Any]) -> list[str]:
    return sorted(key_of(name) for name in body)


def write() -> None:
    """Condense the recordings into the repository."""
    lines = [json.dumps(case, ensure_ascii=False) for case in condensed(recordings())]
    content = ",\n".join(lines)
    FILE.write_text(f"[\n{content}\n]\n", encoding="utf-8")
