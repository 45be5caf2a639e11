"""Which of the SDK's log lines are left out."""

from __future__ import annotations

import logging

from typing_extensions import override

_LEFT_OUT = frozenset(
    {
        # The sentence that says what happened comes from the command line's edge; two lines for one error
        # make people read the wrong one.
        "An unhandled error occurred while syncing '%s'",
        # A line for each of a hundred streams, the same in every run, hides those that say something.
        "Added '%s' as child stream to '%s'",
        "Skipping deselected stream '%s'.",
        "Beginning sync of '%s' in %s mode",
        "Skipping parse of env var settings...",
    }
)


class _Quiet(logging.Filter):
    @override
    def filter(self, record: logging.LogRecord) -> bool:
        return record.msg not in _LEFT_OUT


_QUIET = _Quiet()


def quiet(logger: logging.Logger) -> None:
    """Leave out the SDK's lines that say nothing to a user. Calling it again changes nothing."""
    logger.addFilter(_QUIET)
