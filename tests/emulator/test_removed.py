"""Paths that are out of support return 410, removed ones 404; published ones neither."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import pipedrive_emulator.removed
from tests.emulator.asking import published

EVERY, ONE = ("GET", "POST"), ("GET", "PUT", "DELETE")
CORE = ("activities", "deals", "persons", "organizations", "products", "pipelines", "stages")
OUT_OF_SUPPORT: tuple[tuple[tuple[str, ...], str], ...] = (
    *((EVERY, name) for name in CORE),
    *((ONE, f"{name}/1") for name in CORE),
    *((("GET",), f"{name}/collection") for name in ("activities", "deals", "persons", "organizations")),
    *((("GET",), f"{name}/search") for name in ("deals", "persons", "organizations", "products")),
    (("GET",), "itemSearch"),
    (("GET",), "itemSearch/field"),
    (EVERY, "deals/1/products"),
    (("PUT", "DELETE"), "deals/1/products/1"),
    *((("GET",), f"{name}/1/activities") for name in ("deals", "persons", "organizations")),
    *((("GET",), f"{name}/1/persons") for name in ("deals", "organizations")),
    *((("GET",), f"{name}/1/deals") for name in ("persons", "organizations")),
    *(
        (("DELETE",), name)
        for name in ("activities", "activityTypes", "deals", "organizations", "persons", "stages")
    ),
)
CASES = [(method, path) for methods, path in OUT_OF_SUPPORT for method in methods]


@pytest.mark.parametrize("prefix", ["/v1/", "/api/v1/"])
@pytest.mark.parametrize(("method", "path"), CASES, ids=" ".join)
def test_out_of_support_paths_return_410(ask, prefix, method, path):
    answer = ask.ask(method, prefix + path, json=None if method == "GET" else {})
    assert answer.status_code == 410
    assert answer.json()["success"] is False


def test_nothing_that_is_published_is_out_of_support():
    known = {(o["method"], o["path"].replace("{id}", "1")) for o in published()}
    assert not [case for case in CASES if (case[0], f"/api/v1/{case[1]}") in known]


def _removed() -> list[tuple[str, str]]:
    folder = Path(pipedrive_emulator.removed.__file__).parent
    found = [one for file in folder.glob("*.json") for one in json.loads(file.read_text())]
    found += [one for one in published() if "/channels" in one["path"]]
    return [(one["method"], one["path"]) for one in found]


@pytest.mark.parametrize(("method", "path"), _removed(), ids=" ".join)
def test_removed_parts_are_not_found(ask, method, path):
    for prefix in ("/v1/", "/api/v1/"):
        place = path.replace("/api/v1/", prefix)
        for name in ("{id}", "{dealId}", "{channel-id}", "{conversation-id}"):
            place = place.replace(name, "1")
        answer = ask.ask(method, place, json=None if method == "GET" else {})
        assert answer.status_code == 404
        assert answer.json()["success"] is False
