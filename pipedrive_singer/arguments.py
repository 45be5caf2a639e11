"""Argument parser of the subcommands."""

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
