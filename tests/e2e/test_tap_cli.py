"""Command line from the user's point of view: output and error messages."""

from __future__ import annotations

import json
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.support.cli import Files, tap
from tests.support.singer import select

SECRET = "a-token-nobody-may-see"


@pytest.fixture(scope="module")
def catalog(_small):
    return select(_small.config(), "stages", "deals")


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


@pytest.fixture
def nobody():
    """An address on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def elsewhere():
    """A server without any path, like Pipedrive's for a company that does not exist."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def complaints(told) -> list[str]:
    """Sentences of level error or above; every line of stderr must be a log line."""
    lines = [line.split("|", 3) for line in told.err.splitlines()]
    assert all(len(line) == 4 for line in lines), told.err
    return [line[3].strip() for line in lines if line[1].strip() not in ("INFO", "DEBUG")]


def assert_refused(told, code, sentence):
    assert told.code == code, told.err
    assert "Traceback" not in told.err
    assert SECRET not in told.err + told.out
    (said,) = complaints(told)
    assert sentence in said
    assert told.err.splitlines()[-1].endswith(said)
    for line in told.out.splitlines():
        json.loads(line)


def test_a_wrong_token(small, files, catalog):
    config = small.config(api_token=SECRET)
    for arguments in (files.arguments(config, catalog=catalog), [*files.arguments(config), "--discover"]):
        assert_refused(tap(*arguments), 3, "the token was rejected; check that it is current")


def test_a_rejected_token_is_reported_once(small, files, catalog):
    told = tap(*files.arguments(small.config(api_token=SECRET), catalog=catalog))
    assert complaints(told)[-1].endswith(
        "returned 401: the token was rejected; check that it is current and that this user may use the API."
    )


def test_a_selected_stream_without_its_setting_is_reported(small, files):
    catalog = select(small.config(), "deal_searches", "deals_summary", "stages")
    told = tap(*files.arguments(small.config(), catalog=catalog))
    (warning,) = complaints(told)
    assert (told.code, "deal_searches (searches), deals_summary (statistics)" in warning) == (0, True)


def test_an_unknown_company(small, files, catalog, elsewhere):
    config = small.config(api_token=SECRET, api_url=elsewhere)
    for arguments in (files.arguments(config, catalog=catalog), [*files.arguments(config), "--discover"]):
        assert_refused(tap(*arguments), 2, "this path does not exist. Check company_domain and api_url.")


def test_an_unreachable_host(small, files, catalog, nobody):
    config = small.config(api_token=SECRET, api_url=nobody)
    host = nobody.removeprefix("http://")
    told = tap(*files.arguments(config, catalog=catalog))
    assert_refused(
        told, 1, f"No connection to {host}: it is down, or a firewall or proxy blocks the connection."
    )


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"api_url": "http://pipedrive.example"}, "api_url uses http, which sends the token unencrypted"),
        ({"company_domain": "no such company!"}, "is not a valid Pipedrive subdomain. Use acme for"),
        ({"api_token": None}, "No credentials are set. Set api_token, or client_id"),
        ({"api_token": 1234567890}, "Setting api_token must be a string."),
        (
            {"client_id": SECRET, "api_token": None},
            "OAuth requires client_id, client_secret and refresh_token",
        ),
        (
            {"start_date": "yesterday"},
            "start_date: 'yesterday' is not a valid time; expected format: 2026-01-31",
        ),
        ({"max_concurrency": "many"}, "Setting max_concurrency must be an integer."),
        ({"max_concurrency": 0}, "max_concurrency must be an integer between 1"),
        ({"custom_fields": "pretty"}, "Setting custom_fields must be one of named, keyed, nested, off."),
        ({"detect_deletes": "perhaps"}, "Setting detect_deletes must be true or false."),
        ({"raw_requests": {}}, "Setting raw_requests must be a list."),
        ({"raw_requests": [{"name": "x"}]}, "(x): path must be a path that starts with /v1/ or /api/v2/"),
        ({"stream_parameters": {"deals": {"first_char": "a"}}}, "the API has no parameter 'first_char'"),
        ({"stream_parameters": {"dealz": {}}}, "unknown stream 'dealz'. Did you mean deals"),
        ({"record_ids": {"dealz": [1]}}, "unknown stream 'dealz'. Did you mean deals"),
        ({"searches": [{"stream": "person_searches"}]}, "stream person_searches also requires term."),
        ({"searches": [{"term": "Ann"}]}, "Setting searches.0 must contain stream."),
    ],
    ids=str,
)
def test_invalid_settings(small, files, catalog, settings, sentence):
    config = {**small.config(api_token=SECRET), **settings}
    assert_refused(tap(*files.arguments(config, catalog=catalog)), 2, sentence)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{oops", "config.json is not valid JSON"),
        ("[]", "config.json must contain a JSON object of settings."),
    ],
)
def test_a_config_file_that_contains_something_else(files, text, sentence):
    assert_refused(tap("--config", files.write("config.json", text)), 2, sentence)


@pytest.mark.parametrize("option", ["--config", "--catalog", "--state"])
def test_a_missing_file(small, files, option):
    missing = str(files.folder / "missing.json")
    told = tap(*files.arguments(small.config()), option, missing)
    assert_refused(told, 2, "No such file or directory")
    assert missing in told.err


@pytest.mark.parametrize("option", ["state", "catalog"])
def test_a_file_that_is_not_json(small, files, option):
    given = files.arguments(small.config(), **{option: "{oops"})
    assert_refused(tap(*given), 2, f"{option}.json is not valid JSON")


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ([], "The state is not an object; expected format:"),
        ({"bookmarks": []}, "The state's bookmarks are not an object"),
        ({"bookmarks": {"deals": 5}}, "The state of stream deals is not an object"),
        (
            {"bookmarks": {"deals": {"replication_key_value": "x"}}},
            'has the bookmark "x", which is not a valid time',
        ),
        (
            {"bookmarks": {"deals": {"reads": {"getDeals": {"since": "2026-99-01"}}}}},
            'has the bookmark "2026-99-01"',
        ),
        ({"bookmarks": {"deals": {"reads": {"getDeals": 5}}}}, "each entry of reads must be an object"),
        ({"bookmarks": {"deals": {"reads": []}}}, "reads must be an object"),
        ({"bookmarks": {"deals": {"columns": {"a": 5}}}}, "each entry of columns must be a list"),
        (
            {"bookmarks": {"deals": {"known_ids": {"ids": "5-1"}}}},
            "known_ids.ids contains '5-1', a range that is not in ascending order",
        ),
        ({"bookmarks": {"deals": {"known_ids": {"swept_at": "x"}}}}, 'has the bookmark "x"'),
        (
            {"bookmarks": {"leads": {"known_ids": {"uuids": [{}]}}}},
            "uuids of known_ids must be a list of strings",
        ),
        (
            {"bookmarks": {"deals": {"columns": {"a": [None, "enum", "A"]}}}},
            "each entry of columns must be a list",
        ),
        (
            {"bookmarks": {"deals": {"reads": {"getDeals": {"since": "0001-01-01T00:00:00Z"}}}}},
            'has the bookmark "0001-01-01T00:00:00Z", which is not a valid time',
        ),
    ],
    ids=str,
)
def test_a_state_that_cannot_be_resumed(small, files, catalog, state, sentence):
    assert_refused(tap(*files.arguments(small.config(), catalog=catalog, state=state)), 2, sentence)


@pytest.mark.parametrize(
    ("maps", "sentence"),
    [
        ({"id": None}, "Removing key property 'id' is not permitted"),
        ({"x": "nosuch("}, "Setting stream_maps is invalid: Failed to parse expression nosuch(."),
        ({"x": "int(name)"}, "an expression for persons fails at the row with id "),
    ],
    ids=str,
)
def test_invalid_stream_maps(small, files, maps, sentence):
    catalog = select(small.config(), "persons")
    config = small.config(stream_maps={"persons": maps})
    told = tap(*files.arguments(config, catalog=catalog))
    assert_refused(told, 2, sentence)


@pytest.mark.parametrize(
    ("catalog", "sentence"),
    [
        ({}, "The catalog has no list of streams. Generate a new catalog with --discover"),
        ({"streams": [5]}, "Catalog entry 1 is not a stream with a schema"),
        (
            {"streams": [{"tap_stream_id": "deals", "schema": {"properties": {"id": 5}}}]},
            "Catalog entry 1 is not a stream with a schema",
        ),
        ({"streams": [{"tap_stream_id": "deals", "metadata": [7]}]}, "metadata in catalog entry 1"),
        (
            {"streams": [{"tap_stream_id": "dealz"}]},
            "stream 'dealz', which tap-pipedrive does not have. Did you mean deals",
        ),
    ],
    ids=str,
)
def test_an_invalid_catalog(small, files, catalog, sentence):
    assert_refused(tap(*files.arguments(small.config(), catalog=catalog)), 2, sentence)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("MAX_CONCURRENCY", SECRET, "TAP_PIPEDRIVE_MAX_CONCURRENCY must be an integer."),
        ("RAW_REQUESTS", f"[{SECRET}", "TAP_PIPEDRIVE_RAW_REQUESTS must be a list."),
        ("API_URL", "http://pipedrive.example", "api_url uses http"),
    ],
)
def test_the_environment_is_checked_too(files, catalog, name, value, sentence):
    env = {"TAP_PIPEDRIVE_API_TOKEN": SECRET, f"TAP_PIPEDRIVE_{name}": value}
    told = tap(*files.arguments(catalog=catalog), "--config", "ENV", env=env)
    assert_refused(told, 2, sentence)


def test_an_option_that_does_not_exist():
    assert_refused(tap("--nonsense"), 2, "No such option '--nonsense'; see tap-pipedrive --help.")


def test_files_without_a_folder(small, files):
    told = tap(*files.arguments(small.config(), catalog=select(small.config(), "users", "file_contents")))
    assert_refused(told, 2, "the setting files_dir is missing")
    assert small.requests().get("GET /api/v1/users") is None


def test_a_failing_run_keeps_what_it_wrote(small, files, catalog):
    fault = {"operation": "GET /api/v2/deals/archived", "kind": "status_before", "status": 400}
    small.post("/_emulator/faults", [fault])
    told = tap(*files.arguments(small.config(), catalog=catalog))
    assert_refused(told, 1, "GET /api/v2/deals/archived returned 400")
    assert told.output.records["deals"]
    assert told.output.states


def test_a_run_writes_nothing_but_messages_and_reports_what_it_cost(small, files, catalog):
    told = tap(*files.arguments(small.config(), catalog=catalog))
    assert told.code == 0
    assert not complaints(told)
    assert {message["type"] for message in told.output.messages} == {"SCHEMA", "RECORD", "STATE"}
    assert "requests and" in told.last_line
    assert "tokens" in told.last_line


def test_version_is_printed_quickly():
    begun = time.monotonic()
    told = tap("--version")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("tap-pipedrive v")
    assert time.monotonic() - begun < 5  # one second on an idle machine


def test_help_names_the_options_and_the_subcommand():
    told = tap("--help")
    assert (told.code, told.err) == (0, "")
    for word in (
        "--config",
        "--catalog",
        "--state",
        "--discover",
        "--test",
        "--about",
        "--plan",
        "tap-pipedrive check",
        "tap-pipedrive auth",
    ):
        assert word in told.out


def test_about_describes_every_setting():
    told = tap("--about", "--format=json")
    assert (told.code, told.err) == (0, "")
    about = json.loads(told.out)
    for name, setting in about["settings"]["properties"].items():
        assert setting.get("description"), name
    assert tap("--about").out.startswith("Name: tap-pipedrive")
    assert tap("--about", "--format=markdown").out.startswith("# `tap-pipedrive`")


def test_discover_prints_a_catalog(small, files):
    told = tap(*files.arguments(small.config()), "--discover")
    assert told.code == 0
    assert not complaints(told)
    assert len(json.loads(told.out)["streams"]) > 100


def test_test_reads_a_row_of_each_stream(small, files):
    config = small.config(stream_parameters={})
    told = tap(*files.arguments(config), "--test=schema")
    assert told.code == 0
    assert len(told.output.schemas) > 100


def test_the_test_option_requests_few_rows_of_each_list(small, files):
    assert tap(*files.arguments(small.config()), "--test").code == 0
    fan_outs = {name: count for name, count in small.requests().items() if "{" in name}
    assert len(fan_outs) > 30
    below_lists = {name: count for name, count in fan_outs.items() if "mailMessages" not in name}
    assert max(below_lists.values()) <= 60  # thirty rows of current ones, thirty of archived
    assert sum(below_lists.values()) < 8 * len(below_lists)


@pytest.mark.parametrize("budget", [5, 20, 40])
def test_a_budget_too_small_for_discovery(small, files, budget):
    told = tap(*files.arguments(small.config(run_token_budget=budget)))
    said = f"run_token_budget: {budget} tokens are too few; to find the columns of custom fields takes 50"
    assert_refused(told, 2, said)
    assert not told.out


def test_a_setting_that_looks_like_a_typo(small, files):
    told = tap(*files.arguments(small.config(startdate="2026-01-01")))
    assert_refused(told, 2, "Unknown setting startdate. Did you mean start_date?")
    assert small.requests() == {}


def test_an_unknown_setting_is_reported(small, files, catalog):
    told = tap(*files.arguments(small.config(colour="blue"), catalog=catalog))
    assert told.code == 0
    assert "Unknown setting colour is ignored" in told.err


@pytest.mark.parametrize("key", ["singer_state", "completed"])
def test_a_state_as_meltano_shows_it(small, files, key):
    told = tap(*files.arguments(small.config(), state={key: {"bookmarks": {}}}))
    assert_refused(told, 2, f"Meltano's format ({key}); use only the value of singer_state")


def test_a_test_of_one_stream_is_rejected_because_it_reads_all(small, tmp_path):
    small.post("/_emulator/log/clear")
    told = tap(*Files(tmp_path).arguments(small.config()), "--test=deals")
    assert told.code == 2
    assert "deals" in told.last_line
    assert "--test=schema" in told.last_line
    assert not small.requests()


def test_credentials_of_the_environment_need_an_option():
    told = tap(env={"TAP_PIPEDRIVE_API_TOKEN": SECRET})
    assert told.code == 2
    assert "Add --config=ENV to read TAP_PIPEDRIVE_API_TOKEN" in told.last_line
