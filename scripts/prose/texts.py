"""Texts of a file that a person reads: docstrings, comments and messages of Python, prose of Markdown."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)
_LEAVES = (ast.Load, ast.Store)
_COMMENT = re.compile(r"(?:^\s*|\s\s)# (.*)")
_PRAGMA = re.compile(r"^(noqa|type: ignore|pragma|fmt|mypy|ruff)\b[^ ]*(: [A-Z0-9, ]+)?")
_PROSE = re.compile(r"[A-Za-z]+ [a-z]+")


class Kind(Enum):
    """Kinds of text; each has its own rules."""

    FUNCTION = "docstring of a function"
    OBJECT = "docstring of a module, class or property"
    TEST = "docstring of a test"
    NAME = "name of a test"
    COMMENT = "comment"
    MESSAGE = "message"
    PAGE = "documentation"


@dataclass(frozen=True, slots=True)
class Text:
    """A text with the line it begins in."""

    line: int
    kind: Kind
    text: str


def of_markdown(source: str) -> Iterator[Text]:
    """Yield the paragraphs, list entries and table rows of a page, without code blocks and headings."""
    fenced = False
    start, lines = 1, list[str]()
    for number, line in enumerate([*source.split("\n"), ""], 1):
        text = line.strip()
        fence = text.startswith("```")
        separate = fence or fenced or not text or text[0] in "#|<" or text.startswith(("- ", "* ", "1. "))
        if separate and lines:
            yield Text(start, Kind.PAGE, "\n".join(lines))
            lines = []
        if fence:
            fenced = not fenced
        elif not fenced and text and not text.startswith(("#", "<")):
            start, lines = (number, [text]) if not lines else (start, [*lines, text])


def of_python(source: str, *, messages: bool) -> Iterator[Text]:
    """Yield the docstrings, comments and names of tests of a module, and its other strings if `messages`."""
    docstrings = set[int]()
    spans = list[tuple[tuple[int, int], tuple[int, int]]]()
    for node in _nodes(ast.parse(source)):
        if isinstance(node, _DEFINITIONS):
            docstring = _docstring(node)
            if docstring is not None:
                docstrings.add(id(docstring))
                yield Text(docstring.lineno, _kind(node), str(docstring.value))
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield Text(node.lineno, Kind.NAME, node.name)
        elif isinstance(node, ast.JoinedStr | ast.Constant):
            spans.append(_span(node))
            text = node.value if messages and isinstance(node, ast.Constant) else None
            if isinstance(text, str) and id(node) not in docstrings and _PROSE.search(text):
                yield Text(node.lineno, Kind.MESSAGE, text)
    yield from _comments(source, sorted(spans))


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes below a tree in any order, three times as fast as `ast.walk`."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        for value in node.__dict__.values():
            if value.__class__ is list:
                stack.extend(one for one in value if isinstance(one, ast.AST))
            elif isinstance(value, ast.AST) and value.__class__ not in _LEAVES:
                stack.append(value)


def _docstring(node: ast.AST) -> ast.Constant | None:
    first = node.body[0] if getattr(node, "body", None) else None  # type: ignore[attr-defined] # checked here
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        return first.value
    return None


def _kind(node: ast.AST) -> Kind:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return Kind.OBJECT
    if any("property" in ast.unparse(one) for one in node.decorator_list):
        return Kind.OBJECT
    return Kind.TEST if node.name.startswith("test_") else Kind.FUNCTION


def _span(node: ast.expr) -> tuple[tuple[int, int], tuple[int, int]]:
    return (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)


def _comments(source: str, spans: list[tuple[tuple[int, int], tuple[int, int]]]) -> Iterator[Text]:
    """Yield the comments; those in adjacent lines are one text."""
    starts = [start for start, _ in spans]
    first, last, texts = 0, 0, list[str]()
    for number, line in enumerate(source.split("\n"), 1):
        found = _COMMENT.search(line) if "# " in line else None
        if found is None:
            continue
        place = (number, len(line[: found.start(1)].encode()))
        before = bisect_right(starts, place) - 1
        if before >= 0 and any(place < end for _, end in spans[max(0, before - 3) : before + 1]):
            continue
        own = line.lstrip().startswith("#")
        if texts and own and number == last + 1:
            texts.append(found[1])
        else:
            if texts:
                yield Text(first, Kind.COMMENT, "\n".join(texts))
            first, texts = number, [_PRAGMA.sub("", found[1]).strip()]
        last = number
    if texts:
        yield Text(first, Kind.COMMENT, "\n".join(texts))
