"""Files of releases: workflows, image, plugin definitions for Meltano Hub, templates of issues."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from scripts import published, release

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")

every_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def load(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@every_workflow
def test_actions_are_pinned_to_a_commit(path):
    lines = re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
    assert lines
    for line in lines:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


@every_workflow
def test_a_job_may_only_read_unless_it_publishes(path):
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert "timeout-minutes" in job
        if name != "publish":
            assert "permissions" not in job
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


@every_workflow
def test_commands_of_workflows_exist(path):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"\bmake ([a-z-]+)", text)) <= targets
    assert all((ROOT / folder).is_dir() for folder in re.findall(r"\btests/\w+", text))


def test_every_supported_python_is_checked():
    jobs = load(ROOT / ".github/workflows/checks.yml")["jobs"]
    checked = set(jobs["checks"]["strategy"]["matrix"]["python"])
    checked |= {step.get("with", {}).get("python-version") for step in jobs["newest"]["steps"]} - {None}
    named = {one.rpartition(" ")[2] for one in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", one)}
    assert checked == named


def test_the_package_is_published_without_a_secret():
    release = load(ROOT / ".github/workflows/release.yml")
    assert release["jobs"]["publish"]["permissions"] == {"id-token": "write"}
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")


def test_links_of_the_readme_work_on_a_package_index():
    hook = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["metadata"]
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for one in hook["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(one["pattern"], one["replacement"], text)
    assert re.findall(r"\]\((?!https://|#)[^)]*\)", text) == []
    blobs = re.findall(rf"{PROJECT['urls']['Repository']}/(raw|blob)/main/([^)\s]+)\)", text)
    assert len(blobs) > 40
    for kind, name in blobs:
        assert (ROOT / name.partition("#")[0]).exists()
        assert (kind == "raw") == name.endswith((".png", ".svg"))


def test_the_address_of_the_repository_is_updated_wherever_it_is_written(monkeypatch):
    names = {
        path.relative_to(ROOT).as_posix()
        for pattern in ("*.*", "Dockerfile", "docs/**/*.*", "dbt/**/*.*", "meltano/**/*.*", ".github/**/*.*")
        for path in ROOT.glob(pattern)
        if path.suffix not in {".png", ".pyc", ".log"} and ".venv" not in path.parts
        if path.is_file() and PROJECT["urls"]["Repository"] in path.read_text(encoding="utf-8")
    }
    monkeypatch.setattr(published, "address", lambda: "https://github.com/acme/pipedrive-singer")
    generated = {f"meltano/{one}-pipedrive.yml" for one in ("extractors/tap", "loaders/target")}
    assert {"README.md", "docs/how-to/install.md", "docs/warehouse-models.md", *generated} <= names
    for name in names - generated:
        assert name in published.pages(), name
        assert "OWNER/" not in published.updated((ROOT / name).read_text(encoding="utf-8"))


LOG = "# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-12-24)\n\n- Text.\n\n## 0.1.0 (2026-12-01)\n\n- Text.\n"
ADDRESS = "https://github.com/acme/pipedrive-singer"


@pytest.mark.parametrize(
    ("version", "changelog", "repository", "stale", "fact"),
    [
        ("0.2.0", LOG, published.PLACEHOLDER, [], "`Repository` in pyproject.toml"),
        ("0.3.0", LOG, ADDRESS, [], "`## 0.3.0 ("),
        ("0.1.0", LOG, ADDRESS, [], "`## 0.1.0 ("),
        ("", LOG.replace("2026", "date"), ADDRESS, [], "## 0.1.0 ("),
        ("0.2.0", LOG.replace("Unreleased\n", "Unreleased\n\n- New.\n"), ADDRESS, [], "Unreleased"),
        ("0.2.0", LOG, ADDRESS, ["docs/actions.md"], "`make docs`"),
    ],
)
def test_a_release_is_stopped_by_each_missing_part(version, changelog, repository, stale, fact):
    (problem,) = release.problems(version, changelog, repository, stale)
    assert fact in problem


def test_a_complete_release_has_no_problems():
    assert release.problems("0.2.0", LOG, ADDRESS, []) == []
    assert release.problems("", LOG, ADDRESS, []) == []


def test_the_workflow_of_releases_checks_them():
    steps = load(ROOT / ".github/workflows/release.yml")["jobs"]["build"]["steps"]
    assert any("make release-check VERSION=" in step.get("run", "") for step in steps)


def test_the_image_has_no_root_and_every_package():
    stages = re.findall(r"^FROM .*$", DOCKERFILE, re.MULTILINE)
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    assert len(stages) == 2
    assert re.search(r"^USER [1-9]\d+$", final, re.MULTILINE)
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    for package in wheel["targets"]["wheel"]["packages"]:
        assert f"COPY {package}/ {package}/" in DOCKERFILE
        assert f"!{package}/\n" in ignored
    for name in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE):
        assert all((ROOT / one).exists() for one in name.split())


# Names and values that the JSON schemas of Meltano Hub allow.
HUB_KEYS = (
    "name namespace variant label description pip_url executable repo docs logo_url hidden settings "
    "settings_group_validation commands capabilities maintenance_status domain_url keywords requires "
    "definition next_steps settings_preamble usage prereq quality"
)
HUB_ONLY = {"extractors": {"metadata", "schema", "select"}, "loaders": {"dialect", "target_schema"}}
HUB_KINDS = {"date_iso8601", "integer", "options", "object", "array", "boolean", "string", "password"}
HUB_CAPABILITIES = {
    "extractors": "properties catalog discover state about stream-maps schema-flattening activate-version "
    "batch test log-based structured-logging",
    "loaders": "about stream-maps schema-flattening activate-version batch test soft-delete hard-delete "
    "datatype-failsafe structured-logging",
}


@pytest.mark.parametrize("kind", HUB_ONLY)
def test_plugin_definitions_are_valid_for_meltano_hub(kind):
    (path,) = (ROOT / "meltano" / kind).glob("*.yml")
    plugin = load(path)
    assert {"name", "namespace", "variant", "label", "repo", "maintenance_status"} <= set(plugin)
    assert set(plugin) <= {*HUB_KEYS.split(), *HUB_ONLY[kind]}
    assert plugin["repo"] == PROJECT["urls"]["Repository"]
    assert plugin["maintenance_status"] in {"active", "beta", "development", "inactive", "unknown"}
    assert set(plugin["capabilities"]) <= set(HUB_CAPABILITIES[kind].split())
    for setting in plugin["settings"]:
        assert set(setting) <= {"name", "label", "kind", "description", "options", "sensitive", "value"}
        assert setting.get("kind", "string") in HUB_KINDS
        assert all(isinstance(value, str) for one in setting.get("options", []) for value in one.values())
    named = {one["name"] for one in plugin["settings"]}
    assert all(set(group) <= named for group in plugin["settings_group_validation"])


def test_templates_of_issues_ask_for_the_check_of_a_live_account():
    for name in ("bug.yml", "live-account.yml"):
        template = load(ROOT / ".github/ISSUE_TEMPLATE" / name)
        text = str([one for one in template["body"] if one["type"] == "textarea"])
        assert "live-check.md" in text
        ids = [one["id"] for one in template["body"] if "id" in one]
        assert len(ids) == len(set(ids))


def test_the_changelog_is_ready_for_the_first_version():
    titles = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert titles[0] == "Unreleased"
    assert any(re.match(r"0\.1\.0 \(", one) for one in titles)
