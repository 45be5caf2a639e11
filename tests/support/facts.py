"""Facts of the published API description, as `make facts` condensed them into the repository.

Tests read them only here, regardless of other folders next to the repository.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "resources" / "published" / "operations.json"
COMPONENT = FILE.with_name("component.json")


@cache
def _content() -> dict[str, Any]:
    return json.loads(FILE.read_text(encoding="utf-8"))


@cache
def operations() -> list[dict[str, Any]]:
    """Return every published operation. Equal parts are one object: copy before changing anything."""
    whole: list[Any] = []

    def full(value: Any) -> Any:
        if isinstance(value, list):
            return [full(one) for one in value]
        if not isinstance(value, dict):
            return value
        if value.keys() == {"$"}:
            return whole[value["$"]]
        return {name: full(inner) for name, inner in value.items()}

    for part in _content()["shared"]:
        whole += [full(part)]  # a part references earlier ones
    return full(_content()["operations"])


@cache
def sentences() -> frozenset[str]:
    """Return fingerprints of all published texts (`scripts.facts.fingerprint`)."""
    return frozenset(_content()["sentences"].split())


@cache
def component() -> dict[str, list[str]]:
    """Return actions of the component that this project replaces, and the names of their inputs."""
    return json.loads(COMPONENT.read_text(encoding="utf-8"))
