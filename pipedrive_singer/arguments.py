"""Argument parser of the subcommands.

The subcommands use argparse because they do not load the SDK: importing argparse takes 25 ms of CPU time,
importing click, which the SDK uses for the plugins' own options, 90 ms.
"""

from __future__ import annotations

import argparse
from typing import NoReturn

from typing_extensions import override

from pipedrive_client import ConfigError


class ArgumentParser(argparse.ArgumentParser):
    """Argument parser that reports errors in one sentence instead of the usage."""

    @override
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{self.prog.split()[-1]}: {message}; see {self.prog} --help.")
