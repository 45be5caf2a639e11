"""Command line of tap-pipedrive."""

from __future__ import annotations

import logging
import sys

from pipedrive_singer.version import told_version


def main() -> None:
    """Run tap-pipedrive, or its subcommand `auth` or `check`."""
    if told_version("tap-pipedrive", sys.argv[1:]):
        return
    from pipedrive_singer.command_line import run  # noqa: PLC0415  not needed for --version

    commands = {"auth": _auth, "check": _check}
    run(commands.get("".join(sys.argv[1:2]), _tap), plugin="tap-pipedrive")


def _auth() -> None:
    from tap_pipedrive.commands import auth as authorize  # noqa: PLC0415  does not load the SDK, which is slow

    authorize.main(sys.argv[2:])


def _check() -> None:
    from pipedrive_singer.command_line import loading  # noqa: PLC0415  not needed for --version

    with loading():
        from pipedrive_singer.check import settings_of  # noqa: PLC0415  loads what only this command needs
        from tap_pipedrive.commands import check  # noqa: PLC0415  the same
        from tap_pipedrive.tap import TapPipedrive  # noqa: PLC0415  the same

    given = check.arguments_of(sys.argv[2:])
    settings, parse_env = settings_of(given.config)
    logging.getLogger("tap-pipedrive").setLevel(logging.WARNING)
    tap = TapPipedrive(config=settings, catalog=check.catalog_in(given.catalog), parse_env_config=parse_env)
    sys.exit(check.run(tap.tap_context, tap.input_catalog, as_json=given.json))


def _tap() -> None:
    from pipedrive_client import ConfigError  # noqa: PLC0415  not needed for --version
    from pipedrive_singer.command_line import clicked, loading  # noqa: PLC0415  the same

    with loading():
        from singer_sdk.exceptions import MappingError  # noqa: PLC0415  reports import errors like others

        from tap_pipedrive.tap import TapPipedrive  # noqa: PLC0415  the same

    try:
        clicked(TapPipedrive.cli, "tap-pipedrive", subcommands=("auth", "check"))
    except MappingError as error:
        msg = f"Setting stream_maps is invalid: {str(error).rstrip('.')}."
        raise ConfigError(msg) from error


if __name__ == "__main__":
    main()
