"""Whose turn it is: a pass over all lists takes several runs where the budget is small.

When the budget ends a run, the state says of each list that was read to its end: `{"turn": "over"}`. The next
run reads the others and takes these words back, so that the pass is complete and nothing is read over and
over at the cost of what comes later. A list that cannot be taken up where it was left, as it has no times,
gets `{"turn": "last"}`: it may need a run to itself.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

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
    """Make sure that the run's budget can move each list on that has its turn.

    Raises:
        ConfigError: it cannot.
    """
    budget = context.client.settings.daily_token_budget
    for one in _waiting(lists) if budget is not None else ():
        least, why = _least(one)
        if least > cast("int", budget):
            msg = (
                f"Setting daily_token_budget: {budget} tokens are too few for {one.name}, "
                f"which takes {least} at once ({why}); give at least as many, or select less."
            )
            raise ConfigError(msg)


def begin(context: TapContext, lists: list[PipedriveStream]) -> list[PipedriveStream]:
    """The lists of this run, in order; the others count as read."""
    waiting, others = _waiting(lists), set(lists)
    others.difference_update(waiting)
    if others:
        names = ", ".join(one.name for one in waiting)
        context.logger.info(
            "Going on with the lists that the last run did not come to, and with no other: %s", names
        )
        context.synced |= {one.name for one in others}
    return sorted(waiting, key=lambda one: _turn(one) == _LAST)


def _waiting(lists: list[PipedriveStream]) -> list[PipedriveStream]:
    """The lists that have their turn: all, unless the budget ended the last run."""
    return [one for one in lists if _turn(one) != _OVER] or lists


def _turn(stream: PipedriveStream) -> object:
    return stream.tap_context.stream_memo(stream.name).get(_TURN)


def complete(lists: list[PipedriveStream]) -> None:
    """Every list had its turn: the next run begins anew."""
    for one in lists:
        if _turn(one) is not None:
            one.stream_state.pop(_TURN, None)
            one.save_state()


def broken_off(
    lists: list[PipedriveStream], error: BudgetSpent, order: list[PipedriveStream], *, one_by_one: bool
) -> None:
    """The budget ended the run: remember who had a turn, and say when one list has used up all of it.

    Args:
        lists: every list of the selection.
        error: what ended it; gets a sentence more.
        order: the lists of the run.
        one_by_one: whether each was begun after the one before.
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
        error.message += (
            f" All of it went into {cut.name}, which is read whole and takes more: "
            "no run with this daily_token_budget will finish it."
        )
        error.args = (error.message,)


def _goes_on(stream: PipedriveStream) -> bool:
    """Whether a stream is taken up where it was left."""
    return all(read.changes for read in stream.spec.reads)


def _least(stream: PipedriveStream) -> tuple[int, str]:
    """Tokens without which a run gets nowhere in a list, as far as one can tell before; and what for."""
    family = list(stream.family())
    fields = FIELD_LIST_COST * len({one.defined_by for one in family} - {None})
    below = sum(math.ceil(sum(read.cost for read in one.spec.reads)) for one in family[1:])
    ids = stream.tap_context.questions.ids(stream.spec)
    if ids is not None:
        own = (stream.spec.single or stream.spec.reads[0]).cost * len(ids)
        return own + below * len(ids) + fields, "its rows by their ids"
    reads = [read for read in stream.spec.reads if not waits(stream, read)]
    if not reads:
        return 0, "nothing"
    own = sum(read.cost for read in reads)
    why = ["a page"]
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
        why = ["all its pages"]
    rows = max([1, *(sizes[read.key] for read in whole)])
    if below:
        each = sum(cost_per_parent(child) for child in stream.wanted_children())
        own += max(below, math.ceil(rows * each))
        why.append("what hangs below it")
    if fields:
        why.append("field definitions")
    return own + fields, ", ".join(why)


def _size(stream: PipedriveStream, read: Read) -> int:
    """Rows a list had when it was last read to its end; 0 when nobody knows."""
    reads = stream.tap_context.stream_memo(stream.name).get("reads")
    memo = reads.get(read.key) if isinstance(reads, dict) else None
    size = memo.get("size") if isinstance(memo, dict) else None
    return size if isinstance(size, int) else 0
