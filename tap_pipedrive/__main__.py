"""Command line of tap-pipedrive."""

from __future__ import annotations

import sys

from pipedrive_client import ConfigError
from pipedrive_singer.command_line import clicked, loading, run, told_version


def main() -> None:
    """Run tap-pipedrive, or its subcommand `auth`."""
    if told_version("tap-pipedrive", sys.argv[1:]):
        return
    run(_auth if sys.argv[1:2] == ["auth"] else _tap, plugin="tap-pipedrive")


def _auth() -> None:
    from tap_pipedrive.commands import auth as authorize  # noqa: PLC0415  does not load the SDK, which is slow

    authorize.main(sys.argv[2:])


def _tap() -> None:
    with loading():
        from singer_sdk.exceptions import MappingError  # noqa: PLC0415  reports import errors like others

        from tap_pipedrive.tap import TapPipedrive  # noqa: PLC0415  the same

    try:
        clicked(TapPipedrive.cli, "tap-pipedrive")
    except MappingError as error:
        msg = f"Setting stream_maps is invalid: {str(error).rstrip('.')}."
        raise ConfigError(msg) from error


if __name__ == "__main__":
    main()
