"""Lists of an account whose last pages lack `next_cursor`, also if the last page is full."""

from __future__ import annotations

import pytest

from tests.support.faulty import run

LISTS = {
    "organizations": ("GET /api/v2/organizations", 6, 2, 4),
    "deal_products": ("GET /api/v2/deals/products", 5, 8, 10),  # one group of deals fills its last page
}
"""Stream → operation, size of a page, requests of a list that ends with null, and those of one without."""


@pytest.mark.dialects
@pytest.mark.parametrize("stream", LISTS)
def test_a_full_last_page_without_a_cursor_costs_two_requests(small, stream):
    operation, page, requests, without = LISTS[stream]
    expected = run(small.config(), stream, page=page)
    assert expected.tables[stream]
    assert small.requests()[operation] == requests
    small.post("/_emulator/log/clear")
    small.post("/_emulator/faults", [{"operation": operation, "kind": "no_cursor"}])
    found = run(small.config(), stream, page=page)
    assert (found.code, found.tables) == (0, expected.tables)
    assert small.requests()[operation] == without
