"""Descriptions of streams and columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scripts.facts import fingerprint
from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.catalog.glossary import GLOSSARY
from tests.contract.published_rows import (
    every_spec,
    walk,
)
from tests.support import facts

if TYPE_CHECKING:
    from collections.abc import Iterator


def every_described_column() -> Iterator[tuple[str, str]]:
    for spec in STREAMS.values():
        for name, column in spec.schema.items():
            for where, inner in walk(name, column):
                if inner.get("description"):
                    yield where.rsplit(".", 1)[-1].removesuffix("[]"), inner["description"]


def test_every_glossary_entry_is_used():
    used = set(every_described_column())
    unused = {name for name, (_, text) in GLOSSARY.items() if (name.rsplit(".", 1)[-1], text) not in used}
    assert not unused, f"no column uses these glossary entries: {sorted(unused)}"


def test_no_description_is_a_published_sentence():
    ours = {text for _, text in GLOSSARY.values()}
    ours |= {text for spec in STREAMS.values() for text in (spec.summary, spec.notes) if text}
    theirs = facts.sentences()
    assert not {text for text in ours if fingerprint(text) in theirs}


@every_spec
def test_texts_are_sentences(spec):
    assert re.fullmatch(r"[A-Z].*\.", spec.summary)
    assert not spec.notes or re.fullmatch(r"[A-Z`a-z].*\.", spec.notes)


def test_glossary_texts_are_sentences():
    assert not [name for name, (_, text) in GLOSSARY.items() if not re.fullmatch(r"[A-Z1].*\.", text)]
