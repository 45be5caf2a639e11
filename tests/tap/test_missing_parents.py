"""Parents in the state whose child rows are missing."""

from __future__ import annotations

from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.state.missing_parents import MissingParents


def test_only_parents_that_this_run_requested_too_are_stored_twice():
    """A run whose requests are denied sends none for the others, so they are not proven to be deleted."""
    absent = MissingParents(STREAMS["deal_followers"], {"absent": {"ids": "1-3"}}, {}, "absent")
    absent.update([{"deal_id": 1}, {"deal_id": 7}], [{"deal_id": 1}, {"deal_id": 7}])
    assert absent.due() == [{"deal_id": 2}, {"deal_id": 3}]
    assert absent.stored() == ([{"deal_id": 1}], [{"deal_id": 7}])
