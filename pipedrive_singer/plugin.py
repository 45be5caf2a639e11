"""Base of both plugin classes: validation of the settings, and messages without their values."""

from __future__ import annotations

import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.plugin_base import PluginBase, _ConfigInput
from typing_extensions import override

from pipedrive_client import ConfigError
from pipedrive_singer.about import about_text
from pipedrive_singer.command_line import abandon_output
from pipedrive_singer.config import (
    check_environment,
    check_unread,
    config_sentence,
    read_config,
    strange_settings,
)
from pipedrive_singer.sdk_logs import quiet_environment, quiet_metrics
from pipedrive_singer.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Mapping

_HELP: Mapping[str, str] = MappingProxyType(
    {
        "--version": "Show the version.",
        "--about": "Show the capabilities, and all settings with their meaning.",
        "--format": "Format of --about.",
        "--config": "JSON file with the settings, or ENV to read them from environment variables. May be "
        "repeated.",
        "--discover": "Write the catalog: all streams and columns of the account.",
        "--test": "Read a few rows of every stream, selected or not, and print a verdict for each stream. "
        "--test=schema writes only the SCHEMA messages.",
        "--catalog": "Catalog with your selection of streams and columns.",
        "--state": "File with the state of the last run: its STATE lines, or only the value of the last one.",
        "--input": "File with the messages, instead of stdin.",
    }
)
"""Help texts of the SDK's options."""
_METAVARS: Mapping[str, str] = MappingProxyType({"--config": "FILE|ENV", "--test": "[all|schema]"})
"""Values of options that are otherwise shown as TEXT."""


class PipedrivePlugin(PluginBase):
    """Mixin for the SDK's `Tap` and `Target`: the first of the base classes."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  the SDK's own options
        """Set up the plugin.

        Raises:
            ConfigError: a setting is invalid.
        """
        quiet_environment(self.logger)
        if options.get("parse_env_config"):
            check_environment(self.config_jsonschema, self._env_var_prefix, parse_environment_config)
        elif isinstance(options.get("config"), dict) and options.get("validate_config", True):
            check_unread(options["config"], self._env_var_prefix)
        super().__init__(**options)
        quiet_metrics(self.metrics_logger)
        for name in strange_settings(self.config, self.config_jsonschema):
            self.logger.warning("Unknown setting %s is ignored", name)

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        """Return the command with help texts for its options."""
        command = super().get_singer_command()
        for option in command.params:
            if isinstance(option, click.Option):
                option.help = _HELP.get(option.opts[0], option.help)
                option.metavar = _METAVARS.get(option.opts[0], option.metavar)
        return command

    @classmethod
    @override
    def print_about(cls, output_format: str | None = None) -> None:
        """Show the capabilities and all settings; a reader such as `head` may stop early."""
        try:
            if output_format in {None, "text"}:
                sys.stdout.write(f"{about_text(cls._get_about_info())}\n")
            else:
                super().print_about(output_format)
            sys.stdout.flush()
        except BrokenPipeError:
            abandon_output()

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings; the SDK's messages would contain values, including secrets."""
        try:
            found = super()._validate_config(raise_errors=raise_errors)
        except ConfigValidationError as error:
            sentence = config_sentence(self._config, self.config_jsonschema)
            raise ConfigError(sentence or "The settings are invalid.") from error
        if raise_errors and (sentence := config_sentence(self._config, {})):
            raise ConfigError(sentence)
        return found

    @classmethod
    def summary_of(cls, settings: Mapping[str, Any], *, parse_env: bool) -> Summary:
        """Return the summary of a run.

        Args:
            settings: settings of the config files, which need not be valid.
            parse_env: True if the environment contains settings too.
        """
        prefix = f"{cls.name.upper().replace('-', '_')}_" if parse_env else None
        return Summary.of(cls.name, settings, prefix)

    @classmethod
    @override
    def cb_config(cls, ctx: Any, param: Any, value: tuple[str, ...]) -> _ConfigInput:
        """Return the settings of all `--config` files; `ENV` is the environment."""
        found: dict[str, Any] = {}
        for path in value:
            if path != "ENV":
                found |= read_config(path)
        return _ConfigInput(config=found, parse_env="ENV" in value)
