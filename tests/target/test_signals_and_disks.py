"""Signals, full disks and closed pipes: one sentence, a correct exit code, nothing written twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.starting import PIPE, Started, finished
from tests.target.helpers import lines_of, rows, state
from tests.target.processes import COMMAND, Process

pytestmark = pytest.mark.dialects

ARGUMENTS = COMMAND[3:]
FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")


@pytest.fixture
def process(small, tmp_path):
    return Process(small.config(), tmp_path)


def started(process, **config):
    settings = process.write_config(**config)
    return settings, Started("target_pipedrive", *ARGUMENTS, cwd=process.folder, stdin=PIPE)


def feed(running, *messages):
    running.stdin.write(lines_of(*messages).encode())
    running.stdin.flush()


def ended(process, settings, running, within=20.0):
    """The finished process, and how long its end took."""
    begun = time.monotonic()
    out, log = running.communicate(timeout=within)
    return process.finished(settings, running.returncode, out or b"", log), time.monotonic() - begun


class Refusing(ThreadingHTTPServer):
    """A server with the same response to each request, which signals the first request."""

    def __init__(self, answer) -> None:
        self.asked = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.server.asked.set()
                answer(self)

            do_POST = do_PATCH = do_GET  # noqa: N815 - names that http.server wants

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


def plain(status, **headers):
    def answer(handler):
        body = b'{"success": false, "error": "later"}'
        handler.send_response(status)
        for name, value in {
            "content-type": "application/json",
            "content-length": len(body),
            **headers,
        }.items():
            handler.send_header(name.replace("_", "-"), str(value))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


WAITS = {
    "429": plain(429, retry_after=20, x_daily_ratelimit_token_remaining=900),
    "503": plain(503, retry_after=20),
    "500": plain(500),
}


@pytest.mark.parametrize(
    ("case", "stream", "number"),
    [
        ("429", "add_deal", signal.SIGTERM),
        ("429", "deals", signal.SIGINT),
        ("503", "deals", signal.SIGTERM),
        ("500", "add_deal", signal.SIGINT),
    ],
)
def test_a_signal_ends_a_run_that_waits_within_a_second(tmp_path, case, stream, number):
    server = Refusing(WAITS[case])
    process = Process(
        {"api_token": "emulator-token", "api_url": f"http://127.0.0.1:{server.server_port}"}, tmp_path
    )
    try:
        settings, running = started(process)
        feed(
            running,
            rows(stream, {"title": "A", "id": 1} if stream == "deals" else {"title": "A"}),
            state({"n": 1}),
        )
        assert server.asked.wait(20)
        running.send_signal(number)
        done, seconds = ended(process, settings, running)
    finally:
        server.shutdown()
        server.server_close()
    assert done.code == 128 + number
    assert (done.out, done.results) == ("", [])
    assert seconds < 5  # one second on an idle machine; a wait requested by the server would take 20


def test_a_signal_at_a_full_scheduler_ends_the_run(process, small):
    settings, running = started(process, max_concurrency=1)
    deals = rows("add_deal", *({"title": f"Signal {number}"} for number in range(6000)))
    feeder = threading.Thread(target=_feed_until_closed, args=(running, deals), daemon=True)
    feeder.start()
    _until(lambda: small.requests().get("POST /api/v2/deals", 0) > 0)
    running.send_signal(signal.SIGTERM)
    code = running.wait(timeout=20)
    log = running.stderr.read()
    for pipe in (running.stdout, running.stderr):
        pipe.close()
    feeder.join(20)
    with suppress(BrokenPipeError):
        running.stdin.close()
    done = process.finished(settings, code, b"", log)
    assert done.code == 128 + signal.SIGTERM
    assert "Run again with the same input" in done.log
    titles = [one["title"] for one in small.rows("deals") if one["title"].startswith("Signal ")]
    assert len(titles) == len(set(titles)) == len(done.results)


def _feed_until_closed(running, messages):
    try:
        feed(running, messages)
    except (BrokenPipeError, ValueError):
        return


def _until(met, seconds=20.0):
    limit = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < limit
        threading.Event().wait(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_the_input_is_open_reports_the_interruption(process, small, number):
    settings, running = started(process)
    feed(running, rows("add_deal", {"title": "Before"}), state({"n": 1}))
    assert running.stdout.readline() == b'{"n": 1}\n'
    running.send_signal(number)
    done, _ = ended(process, settings, running)
    assert done.code == 128 + number
    again = process(lines_of(rows("add_deal", {"title": "Before"}), state({"n": 1})))
    assert (again.code, again.out) == (0, '{"n": 1}\n')
    assert len([one for one in small.rows("deals") if one["title"] == "Before"]) == 1


def ended_around_its_end(process, small, titles, how, delay) -> int:
    """Signal a run a moment after its last deal was sent; a second run, if needed, leaves each deal once."""
    deals = rows("add_deal", *({"title": title} for title in titles))
    text = lines_of(deals, state({"n": 1})).encode()
    small.reset()
    for ledger in process.folder.glob("ledger.sqlite*"):
        ledger.unlink()
    settings, running = started(process, ledger_path="ledger.sqlite")
    running.stdin.write(text)
    running.stdin.close()
    running.stdin = None
    _until(lambda: small.requests().get("POST /api/v2/deals", 0) >= len(titles))
    threading.Event().wait(delay)
    running.send_signal(how)
    done, _ = ended(process, settings, running)
    assert done.code in (0, 128 + how, -how), done.log
    if done.code == 0:
        assert done.out == '{"n": 1}\n'
    else:
        again = process(text, ledger_path="ledger.sqlite")
        assert (again.code, again.out) == (0, '{"n": 1}\n')
    assert sorted(one["title"] for one in small.rows("deals") if one["title"] in titles) == sorted(titles)
    return done.code


def test_exit_codes_around_the_end_agree_with_what_is_stored(process, small):
    for attempt in range(0, 12, 3):
        ended_around_its_end(process, small, ["Once"], signal.SIGTERM, attempt * 0.01)


@pytest.mark.soak
def test_a_hundred_signals_around_the_end_leave_each_row_once(process, small):
    source = random.Random("target")
    codes = set()
    for count in range(100):
        how = source.choice([signal.SIGINT, signal.SIGTERM])
        titles = [f"Deal {count}-{one}" for one in range(source.randrange(1, 6))]
        delay = source.choice([0, source.random() * 0.05, source.random() * 0.3])
        codes.add(ended_around_its_end(process, small, titles, how, delay))
    assert {0} < codes


SIGNALLED = """
import os, signal, sys
from target_pipedrive.ledger.store import Ledger
from target_pipedrive.__main__ import main

def signalled(ledger, *rest, settle=Ledger.settle):
    if {before}: os.kill(os.getpid(), signal.SIGTERM)
    settle(ledger, *rest)
    if not {before}: os.kill(os.getpid(), signal.SIGTERM)

Ledger.settle = signalled
sys.argv = ["target-pipedrive", "--config", "config.json"]
main()
"""


@pytest.mark.parametrize("before", [True, False])
def test_a_signal_while_the_ledger_forgets_the_run_requests_no_repeat(process, small, before):
    """Writes that are no longer in the ledger would be repeated."""
    text = lines_of(rows("add_deal", {"title": "Once"}), state({"n": 1})).encode()
    settings = process.write_config(ledger_path="ledger.sqlite")
    script = SIGNALLED.format(before=before)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=process.folder, input=text, capture_output=True, check=False
    )
    outcome = process.finished(settings, done.returncode, done.stdout, done.stderr)
    assert (outcome.code, outcome.out) == (0, '{"n": 1}\n')
    assert len([one for one in small.rows("deals") if one["title"] == "Once"]) == 1


# --- disks and pipes ---------------------------------------------------------------------------------


@needs_full
@pytest.mark.parametrize("setting", ["results_path", "rejects_path"])
def test_a_full_disk_ends_the_run_in_a_sentence(process, small, setting):
    (process.folder / "full").symlink_to(FULL)
    many = [{"title": f"F{number}", "value": "x"} for number in range(300)]
    text = lines_of(rows("add_deal", {"title": "First", "value": 1}, *many), state({"n": 1}))
    path = "full" if setting == "results_path" else str(process.folder / "full")
    done = process(text, **{setting: path})
    if setting == "rejects_path":
        # An existing file is kept, and a numbered one is created next to it.
        assert (done.code, (process.folder / "full-2").exists()) == (1, True)
        return
    assert done.code == 1
    assert done.out == ""
    assert all(fact in done.log for fact in ("results_path", "No space left on device", "run again"))
    again = process(text)
    assert (again.code, again.out) == (1, '{"n": 1}\n')
    assert len([one for one in small.rows("deals") if one["title"] == "First"]) == 1


def test_a_full_disk_of_the_ledger_ends_the_run_in_a_sentence(load, small, monkeypatch):
    from target_pipedrive.ledger.storage.database import StoreError  # noqa: PLC0415 - beside its only use
    from target_pipedrive.ledger.store import Ledger  # noqa: PLC0415

    commit, count = Ledger.commit, iter(range(1000))

    def full(ledger: Ledger) -> None:
        if next(count) == 1:
            raise StoreError("database or disk is full")
        commit(ledger)

    deals = rows("add_deal", *({"title": f"Ledger {number}"} for number in range(30)))
    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "commit", full)
        run = load(deals, state({"n": 1}), max_concurrency=1)
    assert type(run.error).__name__ == "OutputFailed"
    assert all(fact in str(run.error) for fact in ("ledger_path", "disk is full", "run again"))
    assert run.states == []
    again = load(deals, state({"n": 1}))
    assert (again.error, again.states) == (None, [{"n": 1}])
    titles = [one["title"] for one in small.rows("deals") if one["title"].startswith("Ledger ")]
    assert sorted(titles) == sorted({f"Ledger {number}" for number in range(30)})


@needs_full
def test_a_full_output_ends_the_run_in_a_sentence(process, small):
    settings = process.write_config()
    text = lines_of(rows("add_deal", {"title": "O"}), state({"n": 1})).encode()
    with FULL.open("w") as output:
        done = finished("target_pipedrive", *ARGUMENTS, cwd=process.folder, content=text, stdout=output)
    outcome = process.finished(settings, done.returncode, b"", done.stderr)
    assert outcome.code == 1
    assert all(fact in outcome.log for fact in ("STATE", "No space left on device"))
    assert process(text).code == 0
    assert len([one for one in small.rows("deals") if one["title"] == "O"]) == 1


def test_an_output_without_a_reader_ends_the_run_in_a_sentence(process, small):
    settings, running = started(process)
    running.stdout.close()
    running.stdout = None
    feed(running, rows("add_deal", {"title": "P"}), state({"n": 1}))
    done, _ = ended(process, settings, running)
    assert done.code == 1
    assert all(fact in done.log for fact in ("STATE", "Broken pipe", "run again"))
    again = process(lines_of(rows("add_deal", {"title": "P"}), state({"n": 1})))
    assert (again.code, again.out) == (0, '{"n": 1}\n')
    assert len([one for one in small.rows("deals") if one["title"] == "P"]) == 1


@pytest.mark.parametrize("closed", [0, 1])
def test_standard_streams_that_are_closed_cause_no_traceback(process, closed):
    settings = process.write_config()
    (process.folder / "in.singer").write_text(lines_of(rows("add_deal", {"title": "C"}), state({"n": 1})))
    redirect = {0: "<&-", 1: "<in.singer >&-"}[closed]
    done = subprocess.run(
        ["bash", "-c", f'exec "$@" {redirect}', "-", *COMMAND],
        cwd=process.folder,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert process.finished(settings, done.returncode, done.stdout, done.stderr).code in (0, 1)


def test_an_input_that_cannot_be_read_is_reported_in_a_sentence(process):
    settings = process.write_config()
    folder = os.open(process.folder, os.O_RDONLY)
    try:
        done = subprocess.run(
            COMMAND, cwd=process.folder, stdin=folder, capture_output=True, timeout=60, check=False
        )
    finally:
        os.close(folder)
    outcome = process.finished(settings, done.returncode, done.stdout, done.stderr)
    assert outcome.code == 1
    assert "directory" in outcome.log


def test_a_full_disk_of_the_temporary_file_ends_the_run_in_a_sentence(load, monkeypatch):
    from target_pipedrive.run import deferred  # noqa: PLC0415 - beside its only use
    from target_pipedrive.run.held import record_file  # noqa: PLC0415 - the same

    monkeypatch.setattr(deferred, "MOST", 3)
    monkeypatch.setattr(record_file.tempfile, "TemporaryFile", lambda **_: FULL.open("wb", buffering=0))
    notes = [{"external_id": f"n{n}", "content": "x", "deal_id": {"external_id": "no"}} for n in range(20)]
    run = load(rows("notes", *notes, keys=["external_id"]), state({"n": 1}))
    assert type(run.error).__name__ == "OutputFailed"
    assert all(fact in str(run.error) for fact in ("wait for others", "No space left"))
    assert run.states == []
