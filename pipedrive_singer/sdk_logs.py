"""Filters for log lines of the SDK: one per environment variable, and metrics on a terminal."""

from __future__ import annotations

import logging
import os
import sys

from typing_extensions import override

_CONFIGURATION = "singer_sdk.configuration._dict_config"
_LEFT_OUT = frozenset(
    {
        "Parsing '%s' config from env variable '%s'.",
        "Parsing env var for settings config...",
        "Skipping parse of env var settings...",
    }
)


class _Quiet(logging.Filter):
    @override
    def filter(self, record: logging.LogRecord) -> bool:
        return record.msg not in _LEFT_OUT


_QUIET = _Quiet()


def quiet_environment(plugin: logging.Logger) -> None:
    """Suppress the lines about settings in environment variables. Idempotent."""
    for logger in (plugin, logging.getLogger(_CONFIGURATION)):
        logger.addFilter(_QUIET)


def quiet_metrics(metrics: logging.Logger) -> None:
    """Suppress METRIC lines on a terminal, unless the log level or a configuration of logs includes them."""
    asked = "SINGER_SDK_LOG_CONFIG" in os.environ or metrics.level <= logging.DEBUG
    if sys.stderr.isatty() and not asked:
        metrics.setLevel(max(metrics.level, logging.WARNING))
