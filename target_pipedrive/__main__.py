"""Command line of target-pipedrive."""

from __future__ import annotations

import logging
import sys

from pipedrive_singer.version import told_version


def main() -> None:
    """Run target-pipedrive: a load, or its subcommand `ledger` or `check`."""
    if not told_version("target-pipedrive", sys.argv[1:]):
        _main()


def _main() -> None:
    from pipedrive_singer.command_line import clicked, loading, run  # noqa: PLC0415  not needed for --version

    if sys.argv[1:2] == ["ledger"]:
        from target_pipedrive.ledger.cli import ledger  # noqa: PLC0415  not needed for a load

        run(lambda: ledger(sys.argv[2:]), plugin="target-pipedrive")
        return
    if sys.argv[1:2] == ["check"]:
        run(_check, plugin="target-pipedrive")
        return
    with loading():
        from target_pipedrive.target import TargetPipedrive  # noqa: PLC0415  errors of imports are reported like others

    name, subcommands = TargetPipedrive.name, ("check", "ledger")
    run(lambda: clicked(TargetPipedrive.cli, name, subcommands=subcommands), plugin=name)


def _check() -> None:
    from pipedrive_singer.command_line import loading  # noqa: PLC0415  not needed for --version

    with loading():
        from pipedrive_singer.check import settings_of  # noqa: PLC0415  loads what only this command needs
        from target_pipedrive.commands import check  # noqa: PLC0415  the same
        from target_pipedrive.target import TargetPipedrive  # noqa: PLC0415  the same

    given = check.arguments_of(sys.argv[2:])
    settings, parse_env = settings_of(given.config)
    logging.getLogger("target-pipedrive").setLevel(logging.WARNING)
    target = TargetPipedrive(config=settings, parse_env_config=parse_env)
    sys.exit(check.run(target.client, target.options, as_json=given.json))


if __name__ == "__main__":
    main()
