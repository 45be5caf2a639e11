"""Command line of tap-pipedrive."""

from __future__ import annotations

import sys

from pipedrive_client import ConfigError
from pipedrive_client.cli import loading, run, told_version


def main() -> None:
    """Run tap-pipedrive, or its subcommand `auth`."""
    if told_version("tap-pipedrive", sys.argv[1:]):
        return
    run(_auth if sys.argv[1:2] == ["auth"] else _tap, plugin="tap-pipedrive")


def _auth() -> None:
    from tap_pipedrive import authorize  # noqa: PLC0415  it does without the SDK, which loads slowly

    authorize.main(sys.argv[2:])


def _tap() -> None:
    with loading():
        import click  # noqa: PLC0415  errors of the imports are told like others
        from singer_sdk.exceptions import MappingError  # noqa: PLC0415  the same

        from tap_pipedrive.tap import TapPipedrive  # noqa: PLC0415  the same

    try:
        code = TapPipedrive.cli(standalone_mode=False)
    except click.ClickException as error:
        msg = f"{error.format_message().rstrip('.')}; see tap-pipedrive --help."
        raise ConfigError(msg) from error
    except MappingError as error:
        msg = f"Setting stream_maps cannot work: {str(error).rstrip('.')}."
        raise ConfigError(msg) from error
    if isinstance(code, int):
        sys.exit(code)


if __name__ == "__main__":
    main()
