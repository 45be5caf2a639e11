"""The condensed facts are those of the full description that `PIPEDRIVE_OPENAPI` names."""

from __future__ import annotations

import os
from pathlib import Path

from pipedrive_emulator.published import condense
from scripts.facts import extract
from tests.support import facts


def test_the_condensed_facts_are_those_of_the_description():
    folder = os.environ["PIPEDRIVE_OPENAPI"]
    assert facts.FILE.read_text(encoding="utf-8") == extract(Path(folder)), "run `make facts`"
    here = {file.name: file.read_text(encoding="utf-8") for file in condense.HERE.glob("*.json")}
    assert here == condense.files(folder), "run `make facts`"
