"""meltano.yml and the plugin definition files match the plugins."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from meltano.core.plugin.command import Command
from meltano.core.setting_definition import SettingDefinition, json_dumps

from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.tap import TapPipedrive
from target_pipedrive.target import TargetPipedrive
from tests.support.cli import environment
from tests.support.forking import forking
from tests.target.helpers import lines_of, rows
from tests.target.processes import Process

ROOT = Path(__file__).parents[2]
PROJECT = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
PLUGINS = {
    "tap-pipedrive": (TapPipedrive, "extractors"),
    "target-pipedrive": (TargetPipedrive, "loaders"),
}
KINDS = {
    "string": None,
    "integer": "integer",
    "number": "integer",  # with `decimal` Meltano fails, see test_numbers_of_the_environment_arrive
    "boolean": "boolean",
    "object": "object",
    "array": "array",
}


def described(name: str) -> list[dict]:
    """The plugin in meltano.yml and in its definition file."""
    kind = PLUGINS[name][1]
    (project,) = (one for one in PROJECT["plugins"][kind] if one["name"] == name)
    definition = yaml.safe_load((ROOT / f"meltano/{kind}/{name}.yml").read_text(encoding="utf-8"))
    return [project, definition]


def published(name: str) -> dict[str, dict]:
    cls = PLUGINS[name][0]
    schema = {"type": "object", "properties": dict(cls.config_jsonschema["properties"])}
    cls.append_builtin_config(schema)
    return schema["properties"]


def expected_kind(setting: dict) -> str | None:
    types = setting["type"] if isinstance(setting["type"], list) else [setting["type"]]
    if "enum" in setting:
        return "options"
    if setting.get("format") == "date-time":
        return "date_iso8601"
    return next(KINDS[one] for one in types if one != "null")


every_plugin = pytest.mark.parametrize("name", PLUGINS)


@every_plugin
def test_settings_are_those_of_the_plugin(name):
    for plugin in described(name):
        settings = {one["name"]: one for one in plugin["settings"]}
        assert list(settings) == list(published(name))
        for key, setting in published(name).items():
            one = settings[key]
            assert one.get("kind") == expected_kind(setting), key
            assert bool(one.get("sensitive")) == bool(setting.get("secret")), key
            choices = [choice["value"] for choice in one.get("options", [])]
            assert choices == [value for value in setting.get("enum", []) if value is not None], key
            # Whole sentences of the plugin's own description.
            own = " ".join(setting["description"].split())
            assert own.startswith(one["description"].removesuffix(".")), key


@every_plugin
def test_numbers_of_the_environment_arrive(name):
    for plugin in described(name):
        kinds = {one["name"]: one.get("kind") for one in plugin["settings"]}
        for key, setting in published(name).items():
            if expected_kind(setting) == "integer":
                value = SettingDefinition(name=key, kind=kinds[key]).cast_value("3")
                assert json_dumps({key: value}) == f'{{"{key}": 3}}'


@every_plugin
def test_capabilities_are_those_of_the_plugin(name):
    for plugin in described(name):
        assert plugin["capabilities"] == [one.value for one in PLUGINS[name][0].capabilities]
        assert plugin["executable"] == name


@every_plugin
def test_meltano_needs_no_hub(name):
    for plugin in described(name):
        assert plugin["namespace"]
        assert plugin["pip_url"]


@every_plugin
def test_commands_are_accepted_by_the_plugin(name, small, tmp_path):
    prefix = name.replace("-", "_").upper()
    env = {f"{prefix}_{setting.upper()}": str(value) for setting, value in small.config().items()}
    extra = {"ledger-forget": ["--all"], "ledger-relink": ["deals", "1", "2"], "auth": ["--help"]}
    codes = {"ledger-relink": 2, "ledger-copy": 2}  # the ledger has no link to relink
    for plugin in described(name):
        commands = Command.parse_all(plugin["commands"])
        if name == "target-pipedrive":
            assert {f"ledger-{one}" for one in ("list", "export", "forget", "relink")} <= set(commands)
        assert "check" in commands
    env[f"{prefix}_LEDGER_PATH"] = str(tmp_path / "ledger")
    Process(small.config(), tmp_path)(lines_of(rows("add_deal", {"title": "A"})), ledger_path="ledger")
    for command, one in commands.items():
        if command in {"test", "plan"}:
            continue  # options of the tap that other tests cover
        arguments = [*one.expanded_args(command, {}), *extra.get(command, [])]
        code, out, log = forking(name.replace("-", "_")).run(tmp_path, arguments, env=environment(**env))
        assert code == codes.get(command, 0), (command, log)
        assert out or log


def test_the_selection_is_the_taps_default():
    # Without a selection Meltano selects every stream, regardless of the tap's own default.
    for plugin in described("tap-pipedrive"):
        chosen = [name.removesuffix(".*") for name in plugin["select"]]
        assert chosen == [name for name, spec in STREAMS.items() if spec.selected_by_default]


def test_it_runs_against_the_emulator_by_default():
    environments = {one["name"]: one for one in PROJECT["environments"]}
    assert PROJECT["default_environment"] == "emulator"
    plugins = environments["emulator"]["config"]["plugins"]
    for entries in plugins.values():
        for plugin in entries:
            for address in (plugin["config"].get("api_url", ""), plugin["config"].get("host", "")):
                assert re.fullmatch(r"(http://)?127\.0\.0\.1(:\d+)?|", address)
    (tap,) = (one for one in plugins["extractors"] if one["name"] == "tap-pipedrive")
    assert tap["config"] == {"api_url": "http://127.0.0.1:8787", "api_token": "emulator-token"}
    assert "config" not in environments["prod"]


def test_jobs_and_schedules_name_what_is_there():
    plugins = {one["name"] for kind in PROJECT["plugins"].values() for one in kind}
    plugins |= {
        f"{one['name']}:{command}"
        for one in PROJECT["plugins"]["utilities"]
        for name in (one["name"], one.get("inherit_from"))
        for command in next(
            (other.get("commands", {}) for other in PROJECT["plugins"]["utilities"] if other["name"] == name),
            {},
        )
    }
    jobs = {one["name"]: one["tasks"] for one in PROJECT["jobs"]}
    assert {"extract", "extract-postgres", "reverse-etl", "copy-account"} <= set(jobs)
    for tasks in jobs.values():
        assert {name for task in tasks for name in task.split()} <= plugins
    assert {one["job"] for one in PROJECT["schedules"]} <= set(jobs)


def test_copies_are_made_according_to_the_recipe():
    recipe = (ROOT / "docs/recipes/migrate-an-account.md").read_text(encoding="utf-8")
    listed = re.search(r"^cat > streams.txt <<'END'\n(.*?)^END$", recipe, re.DOTALL | re.MULTILINE)
    (tap,) = (one for one in PROJECT["plugins"]["extractors"] if one["name"] == "tap-pipedrive-a")
    assert tap["select"] == [f"{name}.*" for name in listed[1].split()]
    (target,) = (one for one in PROJECT["plugins"]["loaders"] if one["name"] == "target-pipedrive-b")
    for name in ("foreign_ids", "missing_references"):
        assert f'"{name}": {json.dumps(target["config"][name])}' in recipe
    assert tap["config"]["files_dir"] == target["config"]["files_dir"]


def test_no_two_pipelines_share_a_ledger():
    ledgers = [
        one["config"]["ledger_path"]
        for one in PROJECT["plugins"]["loaders"]
        if one.get("inherit_from", one["name"]) == "target-pipedrive"
    ]
    assert len(ledgers) == len(set(ledgers)) >= 4


def test_every_view_is_mapped_in_the_target():
    (target,) = (one for one in PROJECT["plugins"]["loaders"] if one["name"] == "target-pipedrive-scores")
    views = {f"to_pipedrive-{one.stem}" for one in (ROOT / "meltano/views").glob("*.sql")}
    assert views == set(target["config"]["streams"])


def test_the_loader_is_one_that_loses_no_row():
    (loader,) = (one for one in PROJECT["plugins"]["loaders"] if one["name"] == "target-duckdb")
    assert "duckdb==1.2.2" in loader["pip_url"]
    assert loader["config"]["add_metadata_columns"] is True


DOCUMENTS = [ROOT / "README.md", ROOT / ".env.example", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_documents_name_jobs_and_settings_that_are_there(document):
    text = document.read_text(encoding="utf-8")
    jobs = {one["name"] for one in PROJECT["jobs"]}
    plugins = {one["name"] for kind in PROJECT["plugins"].values() for one in kind}
    for called in re.findall(
        r"meltano(?: --environment=prod)? run (?:--full-refresh )?([a-z -]+[a-z])", text
    ):
        assert set(called.split()) <= jobs | plugins, called
    variables = set()
    for kind in PROJECT["plugins"].values():
        by_name = {one["name"]: one for one in kind}
        for plugin in kind:
            settings = by_name[plugin.get("inherit_from", plugin["name"])]["settings"]
            prefix = plugin["name"].replace("-", "_").upper()
            variables |= {f"{prefix}_{one['name'].upper()}" for one in settings}
            variables.add(f"{prefix}__SELECT")  # one of Meltano's own extras of a plugin
            variables.add(f"{prefix}_LOGLEVEL")  # of the Singer SDK
    named = set(re.findall(r"\b(?:TAP|TARGET)_[A-Z_]+[A-Z]\b", text))
    assert named <= variables


def test_every_recipe_is_followed_by_a_test():
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    for recipe in (ROOT / "docs" / "recipes").glob("*.md"):
        if recipe.stem != "index":
            assert re.search(rf'"{recipe.stem}(\.md)?"', tests), recipe.stem
