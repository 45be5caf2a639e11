"""The HTML file of a run: complete, escaped, self-contained, and of bounded size."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import stat
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from pipedrive_client import ConfigError
from target_pipedrive.page.sample import RowSample
from target_pipedrive.page.text import text_of
from target_pipedrive.record.outcome import Outcome
from tests.target.helpers import record, rows, schema

HOSTILE = "</script><script>document.title='run'</script><img src=x onerror=alert(1)>&amp;"
INPUT = [
    schema("organizations", {"external_id": {}, "name": {}, "Rating": {"type": "number"}}, ["external_id"]),
    record("organizations", external_id="o-1", name=HOSTILE, Rating=4),
    *rows(
        "persons", {"id": 3, "name": "Ann Private", "Tier": "Gold"}, {"id": 4, "Tier": "None"}, keys=["id"]
    ),
]


class Page(HTMLParser):
    """Elements of a file, with the text of the title, scripts, styles and cells."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts, self.open = Counter(), [], {}, []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, *one) for one in attrs]
        self.open.append((tag, dict(attrs)))
        self.texts.setdefault(tag, []).append("")

    def handle_data(self, data):
        if self.open:
            tag, given = self.open[-1]
            self.texts[tag][-1] += data
            if tag == "script" and "id" in given:
                self.texts[given["id"]] = self.texts[tag][-1]

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    @property
    def rows(self):
        return json.loads(self.texts["rows"])


@pytest.fixture
def preview(load):
    """The file of a dry run."""
    path = load.folder / "preview.html"
    run = load(*INPUT, dry_run=True, preview_path=str(path), create_fields=True)
    assert run.outcomes == ["created", "updated", "failed"]
    return path


def test_a_dry_run_shows_its_records(preview):
    page = Page(preview.read_text())
    assert page.texts["title"] == ["Preview · target-pipedrive"]
    new, changed, failed = page.rows
    assert new[2:8] == [
        *("organizations", "created", HOSTILE, "new", "external_id o-1"),
        [["name", None, HOSTILE], ["Rating", None, "4"]],
    ]
    assert changed[1:8] == [
        *(4, "persons", "updated", "Ursula Haddad", "3", ""),
        [["name", "Ursula Haddad", "Ann Private"], ["Tier", "", "Gold"]],
    ]
    assert failed[3] == "failed"
    assert failed[9] == "Tier"
    assert "no such option" in failed[10]
    text = preview.read_text()
    assert "ended early" not in text
    assert "Rating" in text.partition("New in the account")[2].partition("</section>")[0]
    assert "Tier" in text.partition("Why records fail")[2].partition("</section>")[0]


def test_every_value_is_escaped_and_only_its_own_script_may_run(preview):
    text = preview.read_text()
    page = Page(text)
    assert page.tags["script"] == 3
    assert page.tags["img"] == 0
    policy = next(value for tag, name, value in page.attributes if tag == "meta" and "default-src" in value)
    for kind, found in (("script", page.texts["script"][-1]), ("style", page.texts["style"][0])):
        digest = base64.b64encode(hashlib.sha256(found.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert [name for _, name, _ in page.attributes if name.startswith("on") or name in {"style", "src"}] == []
    assert [value for _, name, value in page.attributes if name == "href"] == ["#records"]
    assert not re.search(r"https?://|url\(|@import", text)


def test_a_streams_name_is_escaped_too(load):
    path = load.folder / "preview.html"
    stream = "x<b onclick=go()>"
    load(
        *rows(stream, {"name": "A"}),
        dry_run=True,
        preview_path=str(path),
        streams={stream: {"entity": "organizations", "write": "add"}},
    )
    page = Page(path.read_text())
    assert stream in page.texts["option"]
    assert page.tags["b"] == 0


def test_only_the_owner_may_read_it_and_each_kind_of_run_has_its_own(load):
    path, other = load.folder / "preview.html", load.folder / "below" / "report.html"
    settings = {"preview_path": str(path), "report_path": str(other), "create_fields": True}
    load(*INPUT, dry_run=True, **settings)
    assert not other.exists()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    load(*INPUT, **settings)
    assert path.read_bytes() == before
    page = Page(other.read_text())
    assert page.texts["title"] == ["Sync report · target-pipedrive"]
    assert page.rows[0][5] == "13"
    assert sorted(one.name for one in other.parent.iterdir()) == ["report.html"]


@pytest.mark.parametrize(("setting", "dry"), [("preview_path", True), ("report_path", False)])
def test_an_unwritable_path_ends_the_run_before_it_starts(load, small, setting, dry):
    run = load(*INPUT, dry_run=dry, **{setting: str(load.folder)})
    assert isinstance(run.error, ConfigError)
    assert setting in str(run.error)
    assert small.requests() == {}


def test_a_run_that_fails_early_still_has_its_report(load):
    path = load.folder / "report.html"
    load(*INPUT, max_failures=1, report_path=str(path), create_fields=True)
    text = path.read_text()
    assert [one[3] for one in Page(text).rows][-1] == "failed"
    assert "The run ended early. Stopped after 1 failed" in text


def test_reasons_and_rows_created_by_name_are_listed(load):
    path = load.folder / "preview.html"
    deals = rows(
        "deals",
        {"external_id": "d-1", "title": "A", "org_name": "New Ltd", "person_email": "new@mail.example"},
        {"external_id": "d-2", "title": None, "org_name": "New Ltd", "person_email": None},
        keys=["external_id"],
    )
    load(deals, dry_run=True, preview_path=str(path), missing_references="create")
    text = path.read_text()
    new = text.partition("New in the account")[2].partition("</section>")[0]
    assert "1 organizations" in new
    assert "<strong>New Ltd</strong>" in new
    assert "1 persons" in new
    assert "new:" not in new
    assert "needs title to create the row" in text.partition("Why records fail")[2].partition("</section>")[0]


def test_a_stream_that_ends_the_run_is_named(load):
    path = load.folder / "report.html"
    load(*rows("persons", {"nmae": "A"}), report_path=str(path))
    text = path.read_text()
    assert "The run ended early. Stream persons: property nmae is not known" in text
    assert "The input contained no records." in text


def test_large_runs_are_sampled_evenly_and_keep_their_failures():
    sample = RowSample(most=40_000)
    for number in range(10_000):
        outcome = Outcome.FAILED if number % 100 == 0 else Outcome.UNCHANGED
        sample.add(number, "persons", outcome, lambda number=number: b"[%09d]" % number + b" " * 29)
    kept = [int(one[1:10]) for one in sample.rows()]
    assert kept == sorted(kept)
    assert sum(one % 100 == 0 for one in kept) == 100
    assert len(kept) <= 1000
    others = [one for one in kept if one % 100]
    assert max(b - a for a, b in pairwise(others)) < 20
    assert sample.left_out() == [("persons", Outcome.UNCHANGED, len(others), 9_900)]


def test_a_row_larger_than_the_size_limit_is_left_out():
    sample = RowSample(most=10)
    sample.add(1, "persons", Outcome.CREATED, lambda: b"x" * 11)
    assert sample.rows() == []
    assert sample.left_out() == [("persons", Outcome.CREATED, 0, 1)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (46.0, "46"),
        (46.5, "46.5"),
        (None, ""),
        (True, "yes"),
        ({"id": 7, "name": "Acme"}, "Acme (7)"),
        ({"id": 7}, "7"),
        ({"value": 5, "currency": "EUR"}, "5 EUR"),
        (
            {"value": "10:00", "until": "11:00", "timezone_name": "Europe/Berlin"},
            "10:00 to 11:00 Europe/Berlin",
        ),
        ({"value": "Pikk 12, Tallinn", "locality": "Tallinn", "country": None}, "Pikk 12, Tallinn"),
        (
            [{"value": "a@x.example", "label": "work"}, {"value": "b@x.example"}],
            "a@x.example (work); b@x.example",
        ),
        (["Acme", "Globex"], "Acme, Globex"),
        ([{"price": 5, "currency": "EUR"}], "price: 5, currency: EUR"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)
def test_values_are_written_as_people_write_them(value, text):
    assert text_of(value) == text
