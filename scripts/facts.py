"""Condense the published API description into the facts that the tests need; `make facts` runs this.

The result, `tests/resources/published/operations.json`, contains paths, parameters, types, requirements,
nullability, enums, costs, scopes and the shapes of responses. It contains no prose: descriptions, summaries
and the texts of examples are dropped, except texts with a form (times, ids, codes, enum values). The
extraction is mechanical and shares no code with the emulator's own, so a misreading in one of them fails a
test. The data files of the emulator are written at the same time.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from pipedrive_emulator.published import condense

FILE = Path(__file__).resolve().parents[1] / "tests" / "resources" / "published" / "operations.json"
OPERATION = (
    "version",
    "method",
    "path",
    "operationId",
    "token_cost",
    "deprecated",
    "oauth_scopes",
    "pagination",
    "request_body_required",
)
SCHEMA = ("type", "format", "enum", "nullable", "required", "default")
PARAMETER = ("name", "in", *SCHEMA)
HAS_A_FORM = re.compile(
    r"[\d.,:+-]+"  # numbers, times, offsets, dates
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?"
    r"|[0-9a-f-]{32,40}(_[a-z_]+)?"  # UUIDs, keys of custom fields
    r"|[A-Z]{2,3}"  # codes of currencies and countries
    r"|[0-9A-F]{6}"  # colors
    r"|[a-z][A-Za-z0-9_.]*"  # names
)
SHARED_FROM = 48
"""Minimum length of a repeated part, as JSON text, that is stored once and referenced."""


def sentences(text: str) -> set[str]:
    """Return fingerprints of a published text and its sentences, for the test that no text is copied."""
    parts = [text, *re.split(r"(?<=[.!?])\s+|\n", text)]
    return {fingerprint(part) for part in parts if part.strip()}


def fingerprint(text: str) -> str:
    """Return a short hash of the words of a text, regardless of case, markup and punctuation."""
    words = " ".join(re.findall(r"\w+", re.sub(r"<[^>]*>", " ", text).lower()))
    return hashlib.sha256(words.encode()).hexdigest()[:8]


def texts(value: object) -> set[str]:
    """Return fingerprints of all descriptions and summaries inside a value, without examples."""
    if isinstance(value, list):
        return set().union(*map(texts, value))
    if not isinstance(value, dict):
        return set()
    found: set[str] = set()
    for name, inner in value.items():
        if name in ("description", "summary") and isinstance(inner, str):
            found |= sentences(inner)
        elif name != "example":
            found |= texts(inner)
    return found


def enums(value: object) -> set[str]:
    """Return every text that is a member of some enum."""
    if isinstance(value, list):
        return set().union(*map(enums, value))
    if not isinstance(value, dict):
        return set()
    listed = value.get("enum")
    own = {one for one in listed if isinstance(one, str)} if isinstance(listed, list) else set()
    return own.union(*map(enums, value.values()))


def said(published: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """Return the entries among `keys` with a true value."""
    claims = ("nullable", "required")
    return {
        key: published[key]
        for key in keys
        if published.get(key) is not None and (key not in claims or published[key])
    }


def schema(published: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without prose."""
    short = said(published, SCHEMA)
    if "properties" in published:
        short["properties"] = {name: schema(part) for name, part in published["properties"].items()}
    if "items" in published:
        short["items"] = schema(published["items"])
    for union in ("oneOf", "anyOf", "allOf"):
        if union in published:
            short[union] = [schema(part) for part in published[union]]
    if "additionalProperties" in published:
        extra = published["additionalProperties"]
        short["additionalProperties"] = schema(extra) if isinstance(extra, dict) else extra
    return short


def parameter(published: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter without prose; bounds and sortable fields in the prose become values."""
    short = said(published, PARAMETER)
    if "items" in published:
        short["items"] = schema(published["items"])
    prose = published.get("description") or ""
    most = re.search(r"maximum value of (\d+)|upper limit is (\d+)", prose)
    if published["name"] == "limit" and most:
        short["most"] = int(most[1] or most[2])
    if published["name"] == "sort" and "enum" not in short:
        short["sortable"] = sorted(set(re.findall(r"`(\w+)`", prose)))
    return short


class Example:
    """Examples of one operation without prose; their shape is kept, and distinct texts stay distinct."""

    def __init__(self, known: set[str]) -> None:
        self._known = known
        self._texts: dict[str, str] = {}

    def short(self, value: Any) -> Any:  # noqa: ANN401  # JSON of any shape
        """Return a value with its prose replaced."""
        if isinstance(value, dict):
            return {name: self.short(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.short(inner) for inner in value]
        if not isinstance(value, str) or not value or value in self._known or HAS_A_FORM.fullmatch(value):
            return value
        return self._texts.setdefault(value, f"Text {len(self._texts) + 1}")


def operation(published: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """Return one operation without prose."""
    short = {key: published[key] for key in OPERATION if published.get(key) is not None}
    short["parameters"] = [parameter(one) for one in published["parameters"]]
    short["responses"], examples = {}, Example(known)
    for status, response in published["responses"].items():
        kept = short["responses"][status] = {"content_type": response.get("content_type")}
        if response.get("schema"):
            kept["schema"] = schema(response["schema"])
        if "example" in response:
            kept["example"] = examples.short(response["example"])
    if published.get("request_body"):
        short["request_body"] = {kind: schema(body) for kind, body in published["request_body"].items()}
    return short


class Shared:
    """Parts of a value that occur more than once, stored once."""

    def __init__(self, value: object) -> None:
        self.parts: list[Any] = []
        self._places: dict[str, int] = {}
        self._seen: Counter[str] = Counter()
        self._count(value)

    def _count(self, value: object) -> None:
        if isinstance(value, dict | list):
            text = compact(value)
            self._seen[text] += 1
            if self._seen[text] == 1:  # parts inside an equal part are not counted again
                for inner in value.values() if isinstance(value, dict) else value:
                    self._count(inner)

    def short(self, value: Any) -> Any:  # noqa: ANN401  # JSON of any shape
        """Return the value with references (`{"$": n}`) in place of its repeated parts."""
        if not isinstance(value, dict | list):
            return value
        text = compact(value)
        if text in self._places:
            return {"$": self._places[text]}
        inner = (
            {name: self.short(part) for name, part in value.items()}
            if isinstance(value, dict)
            else [self.short(part) for part in value]
        )
        if self._seen[text] < 2 or len(text) < SHARED_FROM:  # noqa: PLR2004  # two, as repeated
            return inner
        self._places[text] = len(self.parts)
        self.parts.append(inner)
        return {"$": self._places[text]}


def compact(value: object) -> str:
    """Return JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def extract(folder: Path) -> str:
    """Return the content of the file, from `endpoints.json` in `folder`."""
    endpoints = json.loads((folder / "endpoints.json").read_text(encoding="utf-8"))["endpoints"]
    known = enums(endpoints)
    operations = [operation(one, known) for one in endpoints]
    shared = Shared(operations)
    lines = [compact(shared.short(one)) for one in operations]
    parts = [compact(one) for one in shared.parts]
    prints = " ".join(sorted(texts(endpoints)))
    body = ",\n".join(lines), ",\n".join(parts)
    return f'{{"operations":[\n{body[0]}\n],"shared":[\n{body[1]}\n],"sentences":\n"{prints}"\n}}\n'


def main(folder: str) -> int:
    """Write all condensed facts from the description in `folder`."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(extract(Path(folder)), encoding="utf-8")
    print(f"{FILE.name}: {FILE.stat().st_size:,} bytes")
    return condense.main(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
