"""Contents of responses: their paths with the kinds of values, as published and as received.

A place is a path such as `/data[]/person_id/name`; ids, currencies and custom field keys are `*`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Kinds = dict[str, set[str]]
CUSTOM = re.compile(r"^[0-9a-f]{40}")
ANY_KEY = re.compile(r"^(\d+|[A-Z]{3}|\{?[A-Z]+(_[A-Z]+)+\}?|[0-9a-f]{8}-[0-9a-f-]{27})$")
TEXTS = (
    ("time of v2", re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")),
    ("time with milliseconds", re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$")),
    ("time of v1", re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")),
    ("date", re.compile(r"^\d{4}-\d\d-\d\d$")),
    ("hours, minutes, seconds", re.compile(r"^\d\d:\d\d:\d\d$")),
    ("hours, minutes", re.compile(r"^\d\d:\d\d$")),
)
# Rows of one kind are known by keys, wherever they are shown.
ROWS: tuple[tuple[str, frozenset[str]], ...] = (
    ("activity", frozenset({"busy_flag", "due_time"})),
    ("file", frozenset({"s3_bucket", "file_name"})),
    ("deal", frozenset({"stage_id", "pipeline_id", "expected_close_date"})),
    ("message", frozenset({"body_url", "mail_thread_id"})),
    ("party", frozenset({"email_address", "linked_person_id"})),
    ("organization", frozenset({"people_count", "cc_email"})),
    ("person", frozenset({"email", "phone", "active_flag"})),
    ("user", frozenset({"has_pic", "pic_hash"})),
    ("lead", frozenset({"was_seen", "cc_email"})),
    ("note", frozenset({"content", "pinned_to_deal_flag"})),
    ("project", frozenset({"board_id", "phase_id"})),
    ("address", frozenset({"locality", "route"})),
    ("filter", frozenset({"custom_view_id", "filter_code"})),
    ("line", frozenset({"discount_type", "item_price"})),
    ("option", frozenset({"label", "color"})),
    ("field", frozenset({"field_code", "subfields"})),
    ("page", frozenset({"next_cursor"})),
)
# Lists of several kinds of rows: the key with the kind.
SEVERAL = {
    "getRecents": "item",
    **dict.fromkeys((f"get{w}Updates" for w in ("Deal", "Person", "Organization")), "object"),
}


def kind_of(value: Any) -> str:
    """The kind of a value: its JSON type, or for texts of time their form."""
    if isinstance(value, str):
        return next((name for name, form in TEXTS if form.match(value)), "text")
    names = {type(None): "null", bool: "boolean", int: "number", float: "number", list: "array"}
    return names.get(type(value), "object")


def key_of(name: str) -> str:
    return f"*{name[40:]}" if CUSTOM.match(name) else "*" if ANY_KEY.match(name) else name


@dataclass
class Seen:
    """The places of one or more values.

    Args:
        splitter: the key that distinguishes the entries of a list, if any.
        kinds: the kinds of values at each place.
        columns: (kind of row or its place, key) with a value other than null.
        rows: the kind of the row that each place is a column of.
    """

    splitter: str = ""
    kinds: Kinds = field(default_factory=dict)
    columns: set[tuple[str, str]] = field(default_factory=set)
    rows: dict[str, str] = field(default_factory=dict)

    def add(self, value: Any, place: str = "") -> None:
        """Note a value and all within it."""
        self.kinds.setdefault(place, set()).add(kind_of(value))
        if isinstance(value, list):
            for entry in value:
                self.add(entry, f"{place}[]")
        elif isinstance(value, dict):
            if self.splitter and self.splitter in value and "data" in value:
                self.kinds.update({f"{place}/{name}": {kind_of(value[name])} for name in value})
                place = f"{place}<{value[self.splitter]}>"
                self.kinds.setdefault(place, set()).add("object")
            row = next((name for name, keys in ROWS if keys <= value.keys()), place)
            for name, inner in value.items():
                below = f"{place}/{key_of(name)}"
                self.rows[below] = row
                if inner is not None:
                    self.columns.add((row, key_of(name)))
                self.add(inner, below)


@dataclass
class Published:
    """The places of a schema: all of them, and those where any key may come."""

    places: dict[str, set[str]] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)

    def add(self, schema: dict[str, Any], place: str = "") -> None:
        kind = schema.get("type") or ("object" if "properties" in schema else "")
        self.places.setdefault(place, set()).add("number" if kind == "integer" else kind)
        for branch in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
            told = (branch.get("properties") or {}).get("item", {}).get("enum")
            self.add(branch, f"{place}<{told[0]}>" if told else place)
        parts = schema.get("properties") or {}
        if (kind == "object" and not parts) or schema.get("additionalProperties"):
            self.open.add(place)
        for name, part in parts.items():
            self.add(part, f"{place}/{key_of(name)}")
        if isinstance(schema.get("additionalProperties"), dict):
            self.add(schema["additionalProperties"], f"{place}/*")
        if "items" in schema:
            self.add(schema["items"], f"{place}[]")

    def lets(self, place: str) -> bool:
        """Return whether a place is published, or inside an object with arbitrary keys."""
        whole = re.sub(r"<\w+>", "", place)
        named = place in self.places or whole in self.places
        return named or any(path.startswith(f"{above}/") for path in (place, whole) for above in self.open)


def parent_of(place: str) -> str:
    return re.sub(r"(\[\]|<[^>]*>|/[^/\[<]*)$", "", place)


@dataclass
class Comparison:
    """One operation: its published response, and the received ones."""

    operation: dict[str, Any]
    seen: Seen = field(default_factory=Seen)
    statuses: set[int] = field(default_factory=set)
    types: set[str] = field(default_factory=set)
    published: Published = field(default_factory=Published)
    example: Seen = field(default_factory=Seen)

    def __post_init__(self) -> None:
        splitter = SEVERAL.get(self.operation["operationId"], "")
        self.seen, self.example = Seen(splitter), Seen(splitter)
        for status, response in self.operation["responses"].items():
            if status.startswith("2"):
                if response.get("schema"):
                    self.published.add(response["schema"])
                if isinstance(response.get("example"), dict):
                    self.example.add(response["example"])
        self.included = {
            str(name).rpartition(".")[2]
            for parameter in self.operation["parameters"]
            if parameter["name"] in ("include_fields", "include_body")
            for name in parameter.get("enum") or (parameter.get("items") or {}).get("enum") or ["body"]
        } | {"labels"}

    @property
    def reads(self) -> bool:
        return self.operation["method"] == "GET"

    def statuses_not_published(self) -> Iterator[str]:
        fine = {int(status): r for status, r in self.operation["responses"].items() if status.startswith("2")}
        yield from (f"status {status}" for status in sorted(self.statuses - fine.keys()))
        known = {(r.get("content_type") or "").partition(";")[0] for r in fine.values()}
        yield from (f"content type {name}" for name in sorted(self.types - known))

    def missing(self) -> Iterator[str]:
        """Published places that no response had, without places below a missing one."""
        gone: set[str] = set()
        for place in sorted({*self.published.places, *self.example.kinds}):
            above = parent_of(place)
            if place in self.seen.kinds or above in gone:
                gone |= {place} if place not in self.seen.kinds else set()
                continue
            gone.add(place)
            if place and (
                self.seen.kinds.get(above, {"null"}) <= {"null"} or (place.endswith("[]") and not self.reads)
            ):
                continue
            yield place

    def extra(self) -> Iterator[str]:
        """Places of responses that are not published, without places below them."""
        told: set[str] = set()
        for place in sorted(self.seen.kinds):
            name = place.rpartition("/")[2]
            if parent_of(place) in told:
                told.add(place)
                continue
            within = any(f"/{known}/" in f"{place}/" for known in self.included)
            if name.startswith("*_") or name == "*" or within:
                continue
            if not self.published.lets(place) and place not in self.example.kinds:
                told.add(place)
                yield place

    def null(self, columns: set[tuple[str, str]]) -> Iterator[str]:
        """Published places that are null in every row of that kind, though the example has a value."""
        for place, kinds in sorted(self.seen.kinds.items()):
            named = place in self.published.places or place in self.example.kinds
            column = (self.seen.rows.get(place, ""), place.rpartition("/")[2])
            shown = self.example.kinds.get(place) != {"null"}
            if kinds == {"null"} and named and shown and column not in columns:
                yield place

    def unlike(self) -> Iterator[str]:
        """Values of another kind than in the example, where the schema does not allow it."""
        for place, kinds in sorted(self.seen.kinds.items()):
            like = self.example.kinds.get(place, set()) - {"null"}
            allowed = self.published.places.get(place, set())
            odd = {kind for kind in kinds - {"null"} - like if kind not in allowed}
            if like and odd and not (odd == {"text"} and "text" in like):
                yield f"{place}: {', '.join(sorted(odd))} instead of {', '.join(sorted(like))}"
