"""Budget rotation: spread a full sync over several budget-limited runs.

If the budget ends a run, the state of each stream that was finished is marked `{"turn": "over"}`. The next
run skips these streams, and clears the marks when all streams are done. An interrupted stream that cannot be
resumed, because it has no bookmark, is marked `{"turn": "last"}`: it is read last and may need a run of its
own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pipedrive_client import ConfigError
from pipedrive_client.fields import FIELD_LIST_COST
from tap_pipedrive.sync.children import cost_per_parent
from tap_pipedrive.sync.full_lists import waits

if TYPE_CHECKING:
    from pipedrive_client import BudgetSpent
    from tap_pipedrive.catalog.spec import Read
    from tap_pipedrive.context import TapContext
    from tap_pipedrive.streams.base import PipedriveStream

_TURN = "turn"
_OVER = "over"
_LAST = "last"


def check(context: TapContext, lists: list[PipedriveStream]) -> None:
    """Check that the budget is large enough to make progress on every stream of the run.

    Raises:
        ConfigError: the budget is too small.
    """
    smallest = context.client.settings.smallest_budget
    if smallest is None:
        return
    name, budget = smallest
    for one in _waiting(lists):
        least, why = _least(one)
        if least > budget:
            msg = (
                f"Setting {name}: {budget} tokens are too few for {one.name}, "
                f"which needs at least {least} ({why}). Increase the budget or deselect the stream."
            )
            raise ConfigError(msg)


def begin(context: TapContext, lists: list[PipedriveStream]) -> list[PipedriveStream]:
    """Return the streams of this run in order; the others count as done."""
    waiting, others = _waiting(lists), set(lists)
    others.difference_update(waiting)
    if others:
        names = ", ".join(one.name for one in waiting)
        context.logger.info("Continuing with the streams that the last run did not reach: %s", names)
        context.synced |= {one.name for one in others}
    return sorted(waiting, key=lambda one: _turn(one) == _LAST)


def _waiting(lists: list[PipedriveStream]) -> list[PipedriveStream]:
    """Return the streams to read: all, unless the budget ended the last run."""
    return [one for one in lists if _turn(one) != _OVER] or lists


def _turn(stream: PipedriveStream) -> object:
    return stream.tap_context.stream_memo(stream.name).get(_TURN)


def complete(lists: list[PipedriveStream]) -> None:
    """Clear the marks after all streams are done."""
    for one in lists:
        if _turn(one) is not None:
            one.stream_state.pop(_TURN, None)
            one.save_state()


def broken_off(
    lists: list[PipedriveStream], error: BudgetSpent, order: list[PipedriveStream], *, one_by_one: bool
) -> None:
    """Mark the finished streams after the budget ended the run; report a stream that exceeds the budget.

    Args:
        lists: all selected streams.
        error: error that ended the run; its message may be extended.
        order: streams of the run.
        one_by_one: True if the streams were read one after another.
    """
    cut = next(one for one in order if one.name not in one.tap_context.synced)
    for one in lists:
        if one.name in one.tap_context.synced:
            one.stream_state[_TURN] = _OVER
        elif one is cut and not _goes_on(one):
            one.stream_state[_TURN] = _LAST
        else:
            one.stream_state.pop(_TURN, None)
        one.save_state()
    if not _goes_on(cut) and (len(order) == 1 or (one_by_one and cut is order[0])):
        remedy = (
            f"no run with this {error.setting} can finish it."
            if error.setting and not cut.tap_context.client.budget.earlier
            else "run it when more of the day's tokens are left, or deselect it or its child streams."
        )
        error.message += f" It was used up by {cut.name}, which must be read in full in one run: {remedy}"
        error.args = (error.message,)


def _goes_on(stream: PipedriveStream) -> bool:
    """Return True if an interrupted stream can be resumed."""
    return all(read.changes for read in stream.spec.reads)


def _least(stream: PipedriveStream) -> tuple[int, str]:
    """Return the estimated minimum number of tokens to make progress on a stream, and their purpose."""
    family = list(stream.family())
    fields = FIELD_LIST_COST * len({one.defined_by for one in family} - {None})
    below = sum(math.ceil(sum(read.cost for read in one.spec.reads)) for one in family[1:])
    ids = stream.tap_context.configured_requests.ids(stream.spec)
    if ids is not None:
        own = (stream.spec.single or stream.spec.reads[0]).cost * len(ids)
        return own + below * len(ids) + fields, "rows by id"
    reads = [read for read in stream.spec.reads if not waits(stream, read)]
    if not reads:
        return 0, "nothing"
    own = sum(read.cost for read in reads)
    why = ["one page"]
    whole = [read for read in reads if not read.changes]
    swept = (
        whole
        if not (stream.tap_context.detect_deletes and stream.spec.can_sweep)
        else list(stream.spec.reads)
    )
    sizes = {read.key: _size(stream, read) for read in swept}
    for read in swept:
        pages = math.ceil(sizes[read.key] / read.page_size) if read.page_size else 1
        own += read.cost * max(0, pages - (0 if read.changes else 1))
    if any(sizes.values()):
        why = ["all pages"]
    rows = max([1, *(sizes[read.key] for read in whole)])
    if below:
        each = sum(cost_per_parent(child) for child in stream.wanted_children())
        own += max(below, math.ceil(rows * each))
        why.append("child streams")
    if fields:
        why.append("field definitions")
    return own + fields, ", ".join(why)


def _size(stream: PipedriveStream, read: Read) -> int:
    """Return the number of rows at the last full read; 0 if unknown."""
    reads = stream.tap_context.stream_memo(stream.name).get("reads")
    memo = reads.get(read.key) if isinstance(reads, dict) else None
    size = memo.get("size") if isinstance(memo, dict) else None
    return size if isinstance(size, int) else 0
