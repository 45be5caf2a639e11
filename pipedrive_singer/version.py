"""Output of `--version`; imports nothing that takes time to load."""

from __future__ import annotations

import sys
from importlib.metadata import version


def told_version(plugin: str, arguments: list[str]) -> bool:
    """Print the version for a lone `--version`, without loading the SDK and the client.

    Returns:
        True if the version was printed.
    """
    if arguments != ["--version"]:
        return False
    sys.stdout.write(f"{plugin} v{version('pipedrive-singer')}, Meltano SDK v{version('singer-sdk')}\n")
    return True
