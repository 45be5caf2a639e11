"""Equal seeds and equal calls leave equal accounts, whatever the process, its port and its hash seed."""

from __future__ import annotations

import random

from tests.emulator.asking import body_of, key_of, published
from tests.emulator.sales_cases import form_of

RECORDS = {"deals": "title", "persons": "name", "organizations": "name", "products": "name"}


def _published_writes(ask, chance):
    """Every published write, twice where its body can be longer or shorter, in a shuffled order."""
    tables = ask.tables()
    writes = []
    for operation in published():
        if operation["method"] == "GET" or operation["path"].startswith("/oauth/"):
            continue
        call = (operation["method"], ask.address(operation, tables), ask.query(operation))
        bodies = operation.get("request_body") or {}
        if "application/json" in bodies:
            writes += [(*call, {"json": body_of(operation, full=full)}) for full in (True, False)]
        else:
            writes.append((*call, form_of(key_of(operation)) if bodies else {}))
    chance.shuffle(writes)
    return sorted(writes, key=lambda write: write[0] == "DELETE" or "merge" in write[1])


def _random_writes(ask, chance, times):
    """Adds, changes and deletes of records that the test encounters."""
    for _ in range(times):
        table, name = chance.choice(list(RECORDS.items()))
        ids = [row["id"] for row in ask.get(f"/api/v2/{table}", limit=100)["data"]]
        verb = chance.choice(("POST", "PATCH", "PATCH", "DELETE"))
        body = {name: f"{chance.choice(('Möwe', 'Krähe', '鴎'))} {chance.randrange(1000)}"}
        path = f"/api/v2/{table}" if verb == "POST" else f"/api/v2/{table}/{chance.choice(ids)}"
        yield ask.send(verb, path, None if verb == "DELETE" else body)


def _campaign(ask):
    """Account and responses after a few hundred writes."""
    chance, answers = random.Random(371), []
    for method, path, query, more in _published_writes(ask, chance):
        answers.append(ask.ask(method, path, params=query, **more))
    answers += _random_writes(ask, chance, 150)
    assert len(answers) > 400
    assert sum(answer.status_code < 300 for answer in answers) > 300
    said = [(a.status_code, a.content.replace(ask.url.encode(), b"")) for a in answers]
    return said, ask.dump().replace(ask.url.encode(), b"")


def test_hundreds_of_equal_writes_leave_equal_accounts(start, monkeypatch):
    options = ("--burst", "0", "--daily-tokens", "1000000000", "--legacy")
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    ask = start(*options)
    fresh = ask.dump()
    said, dump = _campaign(ask)
    ask.hook("reset", {})
    assert ask.dump() == fresh  # no write changes the rows that a reset copies
    monkeypatch.setenv("PYTHONHASHSEED", "2")
    ask = start(*options)
    assert ask.send("POST", "/api/v2/persons", {"name": "Forgotten"}).status_code < 300
    ask.hook("reset", {})
    said_again, dumped_again = _campaign(ask)
    assert dumped_again == dump
    assert said_again == said
