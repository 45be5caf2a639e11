"""Facts of the published API description, as `make facts` condensed them into the repository.

Tests read them only here, regardless of other folders next to the repository.

`python -m tests.support.facts OPERATION` prints those of one operation, with its shared parts in place.
"""

from __future__ import annotations

import json
import sys
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


def main(names: list[str]) -> int:
    """Print each operation with one of these ids; returns the exit code."""
    found = [one for one in operations() if one["operationId"] in names]
    for one in found:
        success = {status: answer for status, answer in one["responses"].items() if status.startswith("2")}
        print(json.dumps({**one, "responses": success}, indent=2))  # noqa: T201 - a command
    unknown = sorted({*names} - {one["operationId"] for one in found})
    for name in unknown:
        print(f"{name} is not published: give an operationId, such as getWebhooks", file=sys.stderr)  # noqa: T201 - a command
    return bool(unknown) or not names


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
