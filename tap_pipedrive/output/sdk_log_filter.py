"""Log lines of the SDK that are of no use to users of the tap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_singer.sdk_logs import DroppedLines

if TYPE_CHECKING:
    import logging

_DROPPED = DroppedLines(
    {
        # The command line logs the error itself; a second line for the same error would be misleading.
        "An unhandled error occurred while syncing '%s'",
        # One line for each of a hundred streams, the same in every run, hides the useful lines.
        "Added '%s' as child stream to '%s'",
        "Skipping deselected stream '%s'.",
        "Beginning sync of '%s' in %s mode",
    }
)


def drop_uninformative_lines(logger: logging.Logger) -> None:
    """Suppress the SDK's uninformative log lines. Idempotent."""
    logger.addFilter(_DROPPED)
