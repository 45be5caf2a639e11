"""Table of OAuth scopes: equal to the published ones for every operation, with any prefix and any ids."""

from __future__ import annotations

import re

import pytest

from pipedrive_client.auth.scopes import missing_scopes, required_scopes
from pipedrive_emulator.api.operations import load_operations

OPERATIONS = [one for one in load_operations().values() if "/oauth/" not in one.path]


@pytest.mark.parametrize("given", [None, "5", "0a1f-bc", "{other}"])
def test_scopes_of_every_operation_are_the_published_ones(given):
    assert len(OPERATIONS) > 360
    for operation in OPERATIONS:
        path = operation.path if given is None else re.sub(r"\{[^}]+\}", given, operation.path)
        for sent in {path, path.replace("/api/v1/", "/v1/", 1)}:
            assert {*required_scopes(operation.method, sent)} == operation.scopes, (operation.method, sent)


def test_a_query_is_no_part_of_the_path():
    assert required_scopes("GET", "/v1/notes?a=/v1/users") == required_scopes("GET", "/v1/notes")


def test_an_unpublished_path_has_no_scopes():
    assert required_scopes("GET", "/v1/unknown") == required_scopes("DELETE", "/v1/unknown/5") == ()


def test_one_of_the_published_scopes_is_sufficient():
    assert missing_scopes("GET", "/api/v2/deals", frozenset({"deals:read"})) == ()
    assert missing_scopes("POST", "/api/v2/deals", frozenset({"deals:read"})) == ("deals:full",)
    assert missing_scopes("GET", "/api/v2/deals", frozenset({"contacts:read"})) == (
        "deals:read",
        "deals:full",
    )
