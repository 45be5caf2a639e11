"""Filters for log lines of the SDK: one per environment variable, counts, and metrics on a terminal."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable

_CONFIGURATION = "singer_sdk.configuration._dict_config"


class DroppedLines(logging.Filter):
    """Filter that drops the lines of some messages.

    Args:
        messages: messages before their arguments are inserted.
    """

    def __init__(self, messages: Iterable[str]) -> None:
        super().__init__()
        self._messages = frozenset(messages)

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        return record.msg not in self._messages


_DROPPED = DroppedLines(
    {
        "Parsing '%s' config from env variable '%s'.",
        "Parsing env var for settings config...",
        "Skipping parse of env var settings...",
        # The target's table has the records by outcome.
        (
            "Reader '%s' completed processing %d lines of input (%d schemas, %d records, %d batch manifests, "
            "%d state messages, %d activate version messages)."
        ),
    }
)


def quiet_environment(plugin: logging.Logger) -> None:
    """Suppress lines about settings in environment variables and about counts of messages. Idempotent."""
    for logger in (plugin, logging.getLogger(_CONFIGURATION)):
        logger.addFilter(_DROPPED)


def quiet_metrics(metrics: logging.Logger) -> None:
    """Suppress METRIC lines on a terminal, unless the log level or a configuration of logs includes them."""
    wanted = "SINGER_SDK_LOG_CONFIG" in os.environ or metrics.level <= logging.DEBUG
    if sys.stderr.isatty() and not wanted:
        metrics.setLevel(max(metrics.level, logging.WARNING))
