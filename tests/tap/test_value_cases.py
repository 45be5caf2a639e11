"""Values that users reported: custom fields in unusual forms, lists under single options, zero dates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.faulty import run
from tests.tap.test_invalid_last_pages import StandIn, body

CASES = Path(__file__).parents[1] / "resources" / "cases" / "tap"


@pytest.mark.parametrize("name", ["02-values", "03-enum-list", "22-zero-dates"])
def test_unusual_values_are_converted_or_null_with_one_warning_per_column(name, caplog):
    case = json.loads((CASES / name / "case.json").read_text(encoding="utf-8"))
    server = StandIn()
    server.definitions = lambda _: case["definitions"]
    server.deals = lambda _query, _nth: (200, body(case["rows"]["deals"]), {})
    server.lists["/v1/leads"] = lambda _query: (200, body(case["rows"].get("leads", [])), {})
    try:
        found = run(server.config, *case["records"])
    finally:
        server.close()
    assert (found.code, found.error, found.output.faults()) == (0, "", [])
    for stream, wanted in case["records"].items():
        got = list(found.tables[stream].values())
        assert [{key: row[key] for key in one} for row, one in zip(got, wanted, strict=True)] == wanted
    warned = [one.getMessage() for one in caplog.records if "could not be converted" in one.getMessage()]
    assert sorted(text.split(":")[0] for text in warned) == sorted(f"Column {one}" for one in case["nulled"])
