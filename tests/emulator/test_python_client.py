"""A third-party Python client drives the emulator through v1 paths.

With the token in the URL it drives the observed dialect, which also serves the core entities in v1. With
OAuth it drives what v1 still has in both dialects: leads and notes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import DIALECTS

CLIENT = "api-pipedrive-python==1.5"
INSTALL = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--retries", "0", "--target")
MISSING = {
    "No module named pip": "pip is not installed",
    "Could not find a version": "the Python registry is out of reach",
    "No matching distribution": "the Python registry is out of reach",
}
DRIVE = """
import json, sys
from pipedrive.client import Client

client = Client("emulator-client", "emulator-secret", domain=sys.argv[1])
if sys.argv[2] == "oauth":
    client.OAUTH_BASE_URL = sys.argv[1] + "/oauth/"
    client.set_access_token(client.refresh_token("emulator-refresh-token")["access_token"])
else:
    client.set_api_token("emulator-token")
LABELS = {"activity": "subject", "deal": "title", "lead": "title", "note": "content"}
FURTHER = {
    "person": {"email": "m@moewen.example", "owner_id": "1"},
    "deal": {"value": "1200.5", "user_id": 1},
    "activity": {"done": 0},
    "lead": {"person_id": 1},
    "note": {"deal_id": 1},
}
seen = {}
for one in sys.argv[3:]:
    label, many = LABELS.get(one, "name"), {"activity": "activities"}.get(one, one + "s")
    group = getattr(client, many)
    body = {label: "Zwölf Möwen", **FURTHER.get(one, {})}
    number = getattr(group, f"create_{one}")(data=body)["data"]["id"]
    changed = getattr(group, f"update_{one}")(number, data={label: "Dreizehn Krähen"})["data"][label]
    listed = getattr(group, f"get_all_{many}")(params={"start": 0, "limit": 500})
    place = listed["additional_data"].get("pagination", listed["additional_data"])
    found = []
    if hasattr(group, f"search_{many}"):
        query = {"term": "Krähen", **({} if sys.argv[2] == "oauth" else {"start": 0})}
        found = getattr(group, f"search_{many}")(params=query)["data"]["items"]
    deleted = getattr(group, f"delete_{one}")(number)["data"]
    seen[one] = {
        "changed": changed,
        "listed": number in [row["id"] for row in listed["data"]],
        "more": place["more_items_in_collection"],
        "found": number in [hit["item"]["id"] for hit in found],
        "deleted": deleted is True or deleted["id"] == number,
    }
print(json.dumps(seen))
"""
WHOLE = {"changed": "Dreizehn Krähen", "listed": True, "more": False, "found": True, "deleted": True}
UNSEARCHED = {**WHOLE, "found": False}
"""What is seen of entities that the client cannot search."""

# On one worker, so that the client is installed once.
pytestmark = pytest.mark.xdist_group("python-client")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the client."""
    made = tmp_path_factory.mktemp("python")
    done = subprocess.run([*INSTALL, made, CLIENT], capture_output=True, text=True, timeout=120, check=False)
    reason = next((words for text, words in MISSING.items() if text in done.stderr), None)
    if done.returncode and reason:
        pytest.skip(f"{reason}: {CLIENT} was not installed")
    assert done.returncode == 0, done.stderr
    return made


def drive(url, folder, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(folder), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    command = [sys.executable, "-c", DRIVE, url, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-800:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("dialect", ["observed"], indirect=True)
def test_a_client_of_other_authors_adds_lists_changes_finds_and_deletes(small, folder):
    found = ("person", "organization", "deal", "product", "lead")
    seen = drive(small.url, folder, "token", *found, "activity", "note")
    assert seen == {**dict.fromkeys(found, WHOLE), **dict.fromkeys(("activity", "note"), UNSEARCHED)}


@pytest.mark.parametrize("dialect", DIALECTS, indirect=True)
def test_with_oauth_it_does_so_in_both_dialects(small, folder):
    seen = drive(small.url, folder, "oauth", "lead", "note")
    assert seen == {"lead": WHOLE, "note": UNSEARCHED}
