from __future__ import annotations

import threading

import pytest

from pipedrive_client import Stopped
from pipedrive_client.concurrency import WorkerPool, _Batch, in_worker, ordered_map, read_ahead


@pytest.fixture
def pool():
    workers = WorkerPool(4)
    yield workers
    workers.close()


def test_results_are_in_the_order_of_the_items(pool):
    second_done = threading.Event()

    def slow_first(n):
        if n == 0:
            assert second_done.wait(10)
        if n == 1:
            second_done.set()
        return n * n

    assert list(ordered_map(pool, slow_first, range(50), ahead=8)) == [n * n for n in range(50)]


def test_items_are_pulled_lazily(pool):
    pulled = []

    def items():
        for n in range(1000):
            pulled.append(n)
            yield n

    results = ordered_map(pool, lambda n: n, items(), ahead=5)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    assert len(pulled) <= 3 + 5
    results.close()


def test_as_many_run_at_a_time_as_the_pool_has_threads(pool):
    barrier = threading.Barrier(4, timeout=10)
    list(ordered_map(pool, lambda _: barrier.wait(), range(8), ahead=8))
    assert barrier.n_waiting == 0


def test_a_failure_is_raised_in_its_place_and_ends_the_rest(pool):
    begun = []

    def fail_at_three(n):
        begun.append(n)
        if n == 3:
            raise ValueError("third")
        return n

    numbers = ordered_map(pool, fail_at_three, range(1000), ahead=4)
    results = [next(numbers) for _ in range(3)]
    with pytest.raises(ValueError, match="third"):
        next(numbers)
    assert results == [0, 1, 2]
    assert max(begun) < 8


def test_items_before_the_failed_one_still_give_results(pool):
    failed = threading.Event()

    def slow_first(n):
        if n == 1:
            failed.set()
            raise ValueError("second")
        assert failed.wait(10)
        return n

    numbers = ordered_map(pool, slow_first, range(2), ahead=2)
    assert next(numbers) == 0
    with pytest.raises(ValueError, match="second"):
        next(numbers)


def test_what_has_not_begun_after_a_failure_never_begins():
    pool = WorkerPool(1)
    begun = []

    def first_fails(n):
        begun.append(n)
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        next(ordered_map(pool, first_fails, range(10), ahead=10))
    pool.close()
    assert begun == [0]


def test_steps_queued_after_a_failure_are_skipped():
    pool = WorkerPool(1)
    done = []

    def first_fails(n):
        done.append(n)
        raise ValueError("first")

    release = threading.Event()
    pool.submit(lambda: release.wait(10))
    batch = _Batch(pool, first_fails, range(10), 3)
    batch.fill()
    release.set()
    failed, *skipped = list(batch.under_way)
    assert isinstance(failed.exception(), ValueError)
    assert [type(future.exception()) for future in skipped] == [Stopped, Stopped]
    assert done == [0]
    pool.close()


def test_closing_waits_for_running_requests(pool):
    begun, release, done = threading.Event(), threading.Event(), []

    def work(n):
        if n == 0:
            return n
        begun.set()
        assert release.wait(10)
        done.append(n)
        return n

    numbers = ordered_map(pool, work, range(2), ahead=2)
    assert next(numbers) == 0
    assert begun.wait(10)
    threading.Thread(target=release.set).start()
    numbers.close()
    assert done == [1]


def test_a_failing_source_is_raised(pool):
    def items():
        yield 1
        raise LookupError("source")

    with pytest.raises(LookupError, match="source"):
        list(ordered_map(pool, lambda n: n, items(), ahead=4))


def test_a_closed_pool_accepts_no_work(pool):
    pool.close()
    pool.close()
    with pytest.raises(Stopped):
        pool.submit(lambda: None)


def test_a_worker_thread_is_recognized(pool):
    assert in_worker() is False
    assert pool.submit(in_worker).result() is True


def test_steps_are_taken_ahead_of_the_caller(pool):
    taken = []
    two_taken = threading.Event()

    def step(n):
        taken.append(n)
        if n == 1:
            two_taken.set()
        return n, n + 1 if n < 4 else None

    results = read_ahead(pool, step, 0, ahead=1)
    assert next(results) == 0
    assert two_taken.wait(10)
    assert list(results) == [1, 2, 3, 4]
    assert taken == [0, 1, 2, 3, 4]


def test_no_more_steps_are_taken_than_allowed(pool):
    taken = []

    def step(n):
        taken.append(n)
        return n, n + 1

    results = read_ahead(pool, step, 0, ahead=2)
    for expected in range(20):
        assert next(results) == expected
        assert len(taken) <= expected + 3
    results.close()


def test_a_failed_step_is_raised_after_the_results_before_it(pool):
    def step(n):
        if n == 2:
            raise ValueError("third")
        return n, n + 1

    results = read_ahead(pool, step, 0, ahead=4)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="third"):
        next(results)


def test_a_closed_chain_accepts_no_further_step():
    pool = WorkerPool(1)
    release, taken = threading.Event(), []

    def step(n):
        taken.append(n)
        if n == 1:
            assert release.wait(10)
        return n, n + 1

    results = read_ahead(pool, step, 0, ahead=1)
    assert next(results) == 0
    results.close()
    release.set()
    pool.submit(lambda: None).result()
    assert taken in ([0], [0, 1])
    pool.close()


def test_a_step_that_was_waiting_when_the_chain_was_closed_is_left_out():
    pool = WorkerPool(1)
    release, taken = threading.Event(), []

    def step(n):
        taken.append(n)
        return n, n + 1

    results = read_ahead(pool, step, 0, ahead=1)
    assert next(results) == 0
    pool.submit(lambda: None).result()
    blocked = pool.submit(lambda: release.wait(10))
    assert next(results) == 1
    results.close()
    release.set()
    blocked.result()
    pool.submit(lambda: None).result()
    assert taken == [0, 1]
    pool.close()
