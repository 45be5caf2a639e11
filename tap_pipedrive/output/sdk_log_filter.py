"""Filter for log lines of the SDK that are of no use to users."""

from __future__ import annotations

import logging

from typing_extensions import override

_LEFT_OUT = frozenset(
    {
        # The command line logs the error itself; a second line for the same error would be misleading.
        "An unhandled error occurred while syncing '%s'",
        # One line for each of a hundred streams, the same in every run, hides the useful lines.
        "Added '%s' as child stream to '%s'",
        "Skipping deselected stream '%s'.",
        "Beginning sync of '%s' in %s mode",
    }
)


class _Quiet(logging.Filter):
    @override
    def filter(self, record: logging.LogRecord) -> bool:
        return record.msg not in _LEFT_OUT


_QUIET = _Quiet()


def quiet(logger: logging.Logger) -> None:
    """Suppress the SDK's uninformative log lines. Idempotent."""
    logger.addFilter(_QUIET)
