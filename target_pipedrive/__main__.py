"""Command line of target-pipedrive."""

from __future__ import annotations

import sys

from pipedrive_singer.command_line import clicked, loading, run, told_version


def main() -> None:
    """Run target-pipedrive: a load, or `ledger list|export|forget`."""
    if told_version("target-pipedrive", sys.argv[1:]):
        return
    if sys.argv[1:2] == ["ledger"]:
        from target_pipedrive.ledger.cli import ledger  # noqa: PLC0415  not needed for a load

        run(lambda: ledger(sys.argv[2:]), plugin="target-pipedrive")
        return
    with loading():
        from target_pipedrive.target import TargetPipedrive  # noqa: PLC0415  errors of imports are reported like others

    run(lambda: clicked(TargetPipedrive.cli, TargetPipedrive.name), plugin=TargetPipedrive.name)


if __name__ == "__main__":
    main()
