"""Rules of `words.toml`, compiled, and the findings they make in a file."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from scripts.prose.texts import Kind, Text, of_markdown, of_python

TABLE = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
_OPENINGS = TABLE["openings"]
_DATA = tuple(TABLE["data"])
_CODE = re.compile(r"`[^`\n]*`")
_NAMES = re.compile(r"^( +)\w+(?=: )", re.MULTILINE)  # of arguments and attributes
_FIRST = re.compile(r"[\W_]*([A-Za-z][\w'-]*)")
_DOCSTRINGS = {Kind.FUNCTION, Kind.OBJECT, Kind.TEST}
_VERBS = frozenset(_OPENINGS["verbs"])
_NAME = re.compile(f"(?:^|_)({'|'.join(TABLE['names']['find'])})(?=_|$)")
# A statement: it ends with a full stop or not at all.
_SENTENCE = re.compile(
    rf"(?:^|[.!?:] |\n\n)({'|'.join(_OPENINGS['sentences'])})\b(?! *\||$)[^.?|]*(.?)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A word to replace."""

    file: str
    line: int
    word: str
    write: str

    def __str__(self) -> str:
        return f'{self.file}:{self.line}: "{self.word}": write {self.write}'


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    exception: re.Pattern[str] | None
    write: str


_RULES = tuple(
    _Rule(
        re.compile(rf"\b(?:{entry['find']})\b"),
        re.compile(entry["except"]) if "except" in entry else None,
        entry["write"],
    )
    for entry in TABLE["words"]
)
# One pass decides for most texts that no rule applies.
_ANY = re.compile(rf"\b(?:{'|'.join(entry['find'] for entry in TABLE['words'])})\b")


def check(name: str, source: str) -> list[Finding]:
    """Return the findings in a file, in the order of its lines.

    Args:
        name: path of the file below the root; tests have fewer rules.
        source: its content.
    """
    test = name.startswith("tests/")
    texts = (
        of_markdown(source)
        if name.endswith(".md")
        else of_python(source, messages=not test and not name.startswith(_DATA))
    )
    found = [
        Finding(name, text.line + line, word, write)
        for text in texts
        for line, word, write in [*_words(text), *_opening(text, verbs=not test)]
    ]
    return sorted(found, key=lambda one: one.line)


def _words(text: Text) -> list[tuple[int, str, str]]:
    """Return the words to replace: line within the text, word, what to write."""
    if text.kind is Kind.NAME:
        return [(0, found[1], TABLE["names"]["write"]) for found in _NAME.finditer(text.text)]
    prose = _CODE.sub("`x`", text.text)
    if text.kind in _DOCSTRINGS:
        prose = _NAMES.sub(r"\1x", prose)
    flat = prose.replace("\n", " ").lower()
    if not _ANY.search(flat):
        return []
    return [
        (prose.count("\n", 0, found.start()), found[0], rule.write)
        for rule in _RULES
        for found in rule.pattern.finditer(flat)
        if not (rule.exception and any(_overlap(found, other) for other in rule.exception.finditer(flat)))
    ]


def _overlap(one: re.Match[str], other: re.Match[str]) -> bool:
    return one.start() < other.end() and other.start() < one.end()


def _opening(text: Text, *, verbs: bool) -> list[tuple[int, str, str]]:
    """Return the first word of a docstring if it is of the wrong kind, and statements that open with What."""
    if text.kind in {Kind.NAME, Kind.MESSAGE}:
        return []
    prose = _CODE.sub("`x`", text.text)
    found = [
        (prose.count("\n", 0, one.start(1)), one[1], _OPENINGS["sentences_write"])
        for one in _SENTENCE.finditer(prose)
        if one[2] != "?" and not (text.kind in _DOCSTRINGS and one.start(1) == 0)
    ]
    if text.kind not in _DOCSTRINGS:
        return found
    first = _FIRST.match(text.text)
    word = first[1] if first else ""
    if word.lower() in _OPENINGS["docstrings"]:
        return [(0, word, _OPENINGS["docstrings_write"]), *found]
    if verbs and text.kind is Kind.FUNCTION and (word.lower() not in _VERBS or text.text.lstrip()[0] == "`"):
        return [(0, word, _OPENINGS["verbs_write"]), *found]
    return found
