"""Recipes of docs/recipes, run exactly as written against the emulator."""

from __future__ import annotations

import re

import pytest

from tests.support.recipes import follow, project, read, rows, settings

# Other tests run the same jobs each time; these tests start Meltano many times.
pytestmark = [pytest.mark.xdist_group("meltano"), pytest.mark.soak]


@pytest.fixture
def root(tmp_path):
    return project(tmp_path)


def test_hourly_extract(small, root):
    follow(read("hourly-extract"), root, settings(small, "deals", "users"))
    assert rows(root, "select count(*) from pipedrive.deals") == [(len(small.rows("deals")),)]


def test_lead_scoring(small, root):
    printed = follow(read("lead-scoring"), root, settings(small, "deals"))
    wanted = {
        row[0]: row[1:]
        for row in rows(root, "select id, lead_score, lead_grade from to_pipedrive.deal_scores")
    }
    tables = small.dump()["tables"]
    keys = {field["name"]: field["code"] for field in tables["deal_fields"]}
    held = {
        row["id"]: tuple(row["custom_fields"].get(keys[label]) for label in ("Lead score", "Lead grade"))
        for row in tables["deals"]
    }
    assert {number: values for number, values in held.items() if values != (None, None)} == wanted
    assert re.search(rf"to_pipedrive-deal_scores +0 +0 +{len(wanted)} ", printed[-1])
