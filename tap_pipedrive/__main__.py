"""Command line of tap-pipedrive."""

from __future__ import annotations

from pipedrive_client.cli import run


def main() -> None:
    """Run tap-pipedrive."""
    from tap_pipedrive.tap import TapPipedrive  # noqa: PLC0415  errors of the import are told like others

    run(TapPipedrive.cli, plugin=TapPipedrive.name)


if __name__ == "__main__":
    main()
