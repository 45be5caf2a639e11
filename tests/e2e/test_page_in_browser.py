"""The HTML file of a run in a real Chromium: opens, filters, sorts, shows changes, runs no script of data."""

from __future__ import annotations

import pytest

from tests.support.browser import CHROMIUM, DRIVER, Browser
from tests.target.helpers import Loader, record, rows, schema

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver")

HOSTILE = "</script><script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"
NAMES = "return [...document.querySelectorAll('.row-name')].map((one) => one.textContent)"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture
def page(small, tmp_path):
    """The file of a dry run with created, updated, unchanged and failed records."""
    path = tmp_path / "preview.html"
    many = [record("leads", title=f"Lead {number}", person_id=1) for number in range(150)]
    Loader(small.config(), tmp_path)(
        rows("organizations", {"external_id": "o-1", "name": HOSTILE}, keys=["external_id"]),
        rows("persons", {"id": 3, "name": "Zoe New", "Tier": "Gold"}, {"id": 4, "Tier": "None"}, keys=["id"]),
        [schema("leads", ["title", "person_id"]), *many],
        dry_run=True,
        preview_path=str(path),
        streams={"leads": {"entity": "leads", "write": "add"}},
    )
    return path


def test_the_page_opens_filters_sorts_and_runs_no_script_from_the_data(page, browser):
    browser.show_as(dark=True)
    browser.open(page)
    status = "return document.getElementById('status').textContent"
    assert browser.run(status) == "153 records"
    assert browser.run(NAMES)[:2] == [HOSTILE, "Ursula Haddad"]
    assert browser.run("return document.title") == "Preview · target-pipedrive"
    assert browser.run("return document.images.length") == 0
    assert browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(14, 18, 27)"

    browser.run("document.querySelector('.tile.o-updated').click()")
    assert browser.run(status) == "1 of 153 records"
    changed = (
        "return [...document.querySelectorAll('.changes :is(dt, del, ins)')].map((one) => one.textContent)"
    )
    assert browser.run(changed) == ["name", "Ursula Haddad", "Zoe New", "Tier", "empty", "Gold"]
    assert browser.run("return document.querySelector('.o-updated').ariaPressed") == "true"
    browser.run("document.querySelector('.tile.o-updated').click()")

    browser.type("/zoe")
    browser.wait(
        "const next = arguments[0], end = Date.now() + 5000; (function check() {"
        " document.querySelector('mark') || Date.now() > end ? next() : setTimeout(check, 20) })()"
    )
    assert browser.run("return document.querySelector('mark').textContent") == "Zoe"
    assert browser.run(status) == "1 of 153 records"
    browser.run(
        "document.getElementById('search').value = '';"
        " const stream = document.getElementById('stream'); stream.value = 'leads';"
        " stream.dispatchEvent(new Event('change'))"
    )
    browser.run("document.querySelector('[data-sort=row]').click()")
    assert browser.run(NAMES)[:3] == ["Lead 0", "Lead 1", "Lead 2"]
    browser.run("document.querySelector('[data-sort=row]').click()")
    assert browser.run(NAMES)[0] == "Lead 149"
    head = "return document.querySelector('[data-sort=row]').closest('th').ariaSort"
    assert browser.run(head) == "descending"
    browser.run("document.getElementById('next').click()")
    assert browser.run(NAMES)[-1] == "Lead 0"
    assert browser.messages() == []

    browser.run(
        "const one = document.createElement('script'); one.textContent = 'document.title = 1';"
        " document.body.append(one)"
    )
    assert browser.run("return document.title") == "Preview · target-pipedrive"
    assert "Content Security Policy" in browser.messages()[0]["message"]


def test_the_page_fits_a_phone(page, browser):
    browser.show_as(width=390)
    browser.open(page)
    assert browser.run("return document.documentElement.scrollWidth") == 390
    assert browser.run("return getComputedStyle(document.querySelector('.list tr')).display") == "grid"
    # every control has a name, and is large enough for touch
    assert (
        browser.run(
            "return [...document.querySelectorAll('input, select')]"
            ".filter((one) => !one.labels.length || one.offsetHeight < 40).length"
        )
        == 0
    )
