"""Command line of tap-pipedrive."""

from __future__ import annotations

import sys

from pipedrive_client.cli import run, told_version


def main() -> None:
    """Run tap-pipedrive."""
    if told_version("tap-pipedrive", sys.argv[1:]):
        return
    if sys.argv[1:2] == ["auth"]:
        from tap_pipedrive import authorize  # noqa: PLC0415  the SDK takes half a second to import

        run(lambda: authorize.main(sys.argv[2:]), plugin="tap-pipedrive")
        return
    from tap_pipedrive.tap import TapPipedrive  # noqa: PLC0415  errors of the import are told like others

    run(TapPipedrive.cli, plugin=TapPipedrive.name)


if __name__ == "__main__":
    main()
