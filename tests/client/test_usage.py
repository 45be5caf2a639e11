from __future__ import annotations

import threading

from pipedrive_client import Usage, UsageRow


def test_counts_by_label_in_order_of_first_use():
    usage = Usage()
    usage.add("deals", tokens=10)
    usage.add(None, tokens=2)
    usage.add("deals", tokens=10)
    assert usage.rows() == [
        UsageRow(label="deals", requests=2, tokens=20),
        UsageRow(label="other", requests=1, tokens=2),
    ]
    assert (usage.requests, usage.tokens) == (3, 22)
    assert usage.of("deals") == UsageRow(label="deals", requests=2, tokens=20)
    assert usage.of("persons") == UsageRow(label="persons", requests=0, tokens=0)


def test_no_count_is_lost_between_threads():
    usage = Usage()
    threads = [
        threading.Thread(target=lambda: [usage.add("deals", tokens=1) for _ in range(500)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert usage.of("deals").requests == usage.tokens == 4000
