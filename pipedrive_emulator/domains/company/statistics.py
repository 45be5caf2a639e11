"""Sums over deals, deals by period, and movements through a pipeline, v1."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import TYPE_CHECKING

from pipedrive_emulator.account.clock import DAY_SECONDS, parse
from pipedrive_emulator.api.http import ApiError, Response, Row, invalid, success
from pipedrive_emulator.domains.shared.related_v1 import flat_deal, money, weight, with_archive_time
from pipedrive_emulator.handlers.registry import Call, Handler, handler
from pipedrive_emulator.query import filters
from pipedrive_emulator.rules.values import is_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pipedrive_emulator.account.account import Account

# Euros per unit; the account's rates never change.
RATES = {"EUR": 1.0, "USD": 0.9, "GBP": 1.2, "JPY": 0.006, "SEK": 0.09, "KWD": 3.0}
DEFAULT_CURRENCY = "EUR"
MONTHS = {"month": 1, "quarter": 3}
DAYS = {"day": 1, "week": 7}
MOST_PERIODS = 1_000
PER_CENT = 100


def converted(value: float, currency: str, into: str) -> float:
    """Return an amount in another currency."""
    return round(value * RATES.get(currency, 1.0) / RATES.get(into, 1.0), 2)


def _sums(rows: Iterable[Row], value: Callable[[Row], float]) -> dict[str, float]:
    found: dict[str, float] = {}
    for row in rows:
        found[row["currency"]] = round(found.get(row["currency"], 0) + value(row), 2)
    return dict(sorted(found.items()))


def _plain(row: Row) -> float:
    return float(row["value"])


def _weighted(account: Account) -> Callable[[Row], float]:
    return lambda row: float(row["value"]) * weight(account, row)


def _deals(call: Call, view: str) -> list[Row]:
    """Return the deals of a view that match the query."""
    query, table = call.query, call.account.table("deals")
    test = filters.test_of(call.account, query["filter_id"], "deals") if "filter_id" in query else None
    sets = [
        table.where(column, query[name])
        for name, column in (
            ("user_id", "owner_id"),
            ("pipeline_id", "pipeline_id"),
            ("stage_id", "stage_id"),
            ("status", "status"),
        )
        if name in query
    ]
    seqs = sorted(set.intersection(*sets)) if sets else table.seqs()
    rows = (row for row in map(table.row, seqs) if table.in_view(view, row))
    return [row for row in rows if test is None or test(row)]


# Sums


def summary(account: Account, rows: list[Row]) -> Row:
    """Return the number and value of some deals, by currency and in total."""
    values, weighted = _sums(rows, _plain), _sums(rows, _weighted(account))
    counts = _sums(rows, lambda _: 1)
    total = round(sum(converted(v, code, DEFAULT_CURRENCY) for code, v in values.items()), 2)
    total_weighted = round(sum(converted(v, code, DEFAULT_CURRENCY) for code, v in weighted.items()), 2)
    return {
        "values_total": {
            code: {
                "value": value,
                "count": int(counts[code]),
                "value_converted": converted(value, code, DEFAULT_CURRENCY),
                "value_formatted": money(account, value, code),
                "value_converted_formatted": money(
                    account, converted(value, code, DEFAULT_CURRENCY), DEFAULT_CURRENCY
                ),
            }
            for code, value in values.items()
        },
        "weighted_values_total": {
            code: {"value": value, "count": int(counts[code]), "value_formatted": money(account, value, code)}
            for code, value in weighted.items()
        },
        "total_count": len(rows),
        "total_currency_converted_value": total,
        "total_weighted_currency_converted_value": total_weighted,
        "total_currency_converted_value_formatted": money(account, total, DEFAULT_CURRENCY),
        "total_weighted_currency_converted_value_formatted": money(account, total_weighted, DEFAULT_CURRENCY),
    }


def stage_sums(account: Account, rows: list[Row], into: str | None) -> Row:
    """Return sums of deals by stage and currency, and in total; also in a requested currency."""
    stages: dict[str, list[Row]] = {}
    for row in rows:
        stages.setdefault(str(row["stage_id"]), []).append(row)
    shown: Row = {"per_stages": {}, "per_currency": _sums(rows, lambda _: 1), "total_count": len(rows)}
    for stage, held in sorted(stages.items()):
        values, counts = _sums(held, _plain), _sums(held, lambda _: 1)
        shown["per_stages"][stage] = {
            code: {"count": int(counts[code]), "value": value, "value_formatted": money(account, value, code)}
            for code, value in values.items()
        }
    if into is not None:
        code = _currency(account, into)
        sums = {
            s: sum(converted(r["value"], r["currency"], code) for r in held) for s, held in stages.items()
        }
        shown["per_stages_converted"] = {
            stage: {"value": round(value, 2), "value_formatted": money(account, round(value, 2), code)}
            for stage, value in sorted(sums.items())
        }
    return shown


def _currency(account: Account, code: str) -> str:
    """Return the currency of a query; `default_currency` is the account's own."""
    if code == "default_currency":
        return DEFAULT_CURRENCY
    if not account.table("currencies").where("code", code):
        raise invalid(f"currency {code} is not known")
    return code


def _summary(view: str) -> Handler:
    return lambda call: success(summary(call.account, _deals(call, view)))


handler("v1:getDealsSummary")(_summary("current"))
handler("v1:getArchivedDealsSummary")(_summary("archived"))


# Periods


def _date(call: Call, name: str) -> dt.date:
    text = call.query[name]
    if not is_date(text):
        raise invalid(f"Parameter {name} must be YYYY-MM-DD")
    return dt.date.fromisoformat(text)


def _later(start: dt.date, months: int) -> dt.date:
    years, month = divmod(start.month - 1 + months, 12)
    first = dt.date(start.year + years, month + 1, 1)
    following = (first + dt.timedelta(days=31)).replace(day=1)
    return first.replace(day=min(start.day, (following - first).days))


def span(start: dt.date, interval: str, amount: int) -> tuple[dt.date, dt.date]:
    """Return the first and last day of successive periods."""
    if interval in DAYS:
        following = start + dt.timedelta(days=DAYS[interval] * amount)
    else:
        following = _later(start, MONTHS[interval] * amount)
    return start, following - dt.timedelta(days=1)


def _totals(account: Account, rows: list[Row]) -> Row:
    opened = [row for row in rows if row["status"] == "open"]
    won = [row for row in rows if row["status"] == "won"]
    weighted = _weighted(account)
    return {
        "count": len(rows),
        "values": _sums(rows, _plain),
        "weighted_values": _sums(rows, weighted),
        "open_count": len(opened),
        "open_values": _sums(opened, _plain),
        "weighted_open_values": _sums(opened, weighted),
        "won_count": len(won),
        "won_values": _sums(won, _plain),
    }


def _in_one(account: Account, totals: Row, code: str) -> Row:
    """Return the values of totals in one currency."""
    found: Row = {}
    for name, value in totals.items():
        if isinstance(value, dict):
            amount = round(sum(converted(v, c, code) for c, v in value.items()), 2)
            found[name] = {code: amount}
            found[f"{name}_formatted"] = money(account, amount, code)
        else:
            found[name] = value
    return found


def _date_field(account: Account, key: str) -> Callable[[Row], str]:
    """Return a row's day of a date field; "" without one."""
    table = account.table("deal_fields")
    field = next((row for row in table.live() if key in (row["key"], row["code"])), None)
    if field is None or field["field_type"] not in ("date", "daterange"):
        raise invalid("Parameter field_key must be the key of a date field of deals")

    def day(row: Row) -> str:
        value = row["custom_fields"].get(field["key"]) if field["is_custom"] else row.get(field["code"])
        return str((value.get("value") if isinstance(value, dict) else value) or "")[:10]

    return day


def _timeline(view: str) -> Handler:
    def timeline(call: Call) -> Response:
        """Return the sums of all requested periods in one object, as published."""
        account, query = call.account, call.query
        day, amount = _date_field(account, query["field_key"]), query["amount"]
        if not 1 <= amount <= MOST_PERIODS:
            raise invalid(f"Parameter amount must be between 1 and {MOST_PERIODS}")
        first, last = span(_date(call, "start_date"), query["interval"], amount)
        rows = [
            row
            for row in _deals(call, view)
            if row["status"] in ("open", "won") and first.isoformat() <= day(row) <= last.isoformat()
        ]
        period: Row = {"period_start": f"{first} 00:00:00", "period_end": f"{last} 23:59:59"}
        if query.get("exclude_deals") != 1:
            period["deals"] = [with_archive_time(flat_deal(account, row), row) for row in rows]
        period["totals"] = _totals(account, rows)
        if "totals_convert_currency" in query:
            code = _currency(account, query["totals_convert_currency"])
            period["totals_converted"] = _in_one(account, period["totals"], code)
        return success(period)

    return timeline


handler("v1:getDealsTimeline")(_timeline("current"))
handler("v1:getArchivedDealsTimeline")(_timeline("archived"))


# Pipelines


def _of_pipeline(call: Call) -> tuple[list[Row], str, str]:
    """Return the deals of one user in a pipeline, and the bounds of the period."""
    call.account.require("pipelines", call.path["id"])
    first, last = _date(call, "start_date"), _date(call, "end_date")
    if last < first:
        raise ApiError(400, "end_date must not be before start_date")
    table = call.account.table("deals")
    owner = call.query.get("user_id", call.user_id)
    seqs = table.where("pipeline_id", call.path["id"]) & table.where("owner_id", owner)
    rows = [row for row in map(table.row, sorted(seqs)) if table.in_view("current", row)]
    return rows, first.isoformat(), last.isoformat()


def _share(part: int, whole: int) -> int:
    return round(part * PER_CENT / whole) if whole else 0


@handler("v1:getPipelineConversionStatistics")
def conversion(call: Call) -> Response:
    """Return the numbers of the period's new deals that moved from stage to stage, were won, were lost."""
    rows, first, last = _of_pipeline(call)
    rows = [row for row in rows if first <= row["add_time"][:10] <= last]
    stages = [s for s in call.account.table("stages").live() if s["pipeline_id"] == call.path["id"]]
    stages.sort(key=lambda stage: (stage["order_nr"], stage["id"]))
    places = {stage["id"]: place for place, stage in enumerate(stages)}

    def reached(place: int) -> int:
        return sum(row["status"] == "won" or places.get(row["stage_id"], 0) >= place for row in rows)

    steps = [
        {
            "from_stage_id": stage["id"],
            "to_stage_id": following["id"],
            "conversion_rate": _share(reached(place + 1), reached(place)),
        }
        for place, (stage, following) in enumerate(pairwise(stages))
    ]
    ends = {s: _share(sum(row["status"] == s for row in rows), len(rows)) for s in ("won", "lost")}
    return success(
        {"stage_conversions": steps, "won_conversion": ends["won"], "lost_conversion": ends["lost"]}
    )


def _group(account: Account, rows: list[Row]) -> Row:
    values = _sums(rows, _plain)
    return {
        "count": len(rows),
        "deals_ids": [row["id"] for row in rows],
        "values": values,
        "formatted_values": {code: money(account, value, code) for code, value in values.items()},
    }


def _average_days(times: Iterable[tuple[str, str]]) -> int:
    spans = [(parse(until) - parse(since)) // DAY_SECONDS for since, until in times]
    return round(sum(spans) / len(spans)) if spans else 0


def _ages(call: Call, rows: list[Row], now: str) -> Row:
    stages = [s for s in call.account.table("stages").live() if s["pipeline_id"] == call.path["id"]]
    return {
        "across_all_stages": _average_days((row["add_time"], row["close_time"] or now) for row in rows),
        "by_stages": [
            {
                "stage_id": stage["id"],
                "value": _average_days(
                    (row["stage_change_time"] or row["add_time"], row["close_time"] or now)
                    for row in rows
                    if row["stage_id"] == stage["id"]
                ),
            }
            for stage in stages
        ],
    }


@handler("v1:getPipelineMovementStatistics")
def movements(call: Call) -> Response:
    """Return the deals that were added, moved, stayed open, were won and were lost in the period."""
    account = call.account
    rows, first, last = _of_pipeline(call)
    changes = account.table("changes")
    moved = [
        change
        for row in rows
        for change in map(changes.row, changes.where("parent", f"deals:{row['id']}"))
        if change["field_key"] == "stage_id" and first <= change["time"][:10] <= last
    ]

    def within(name: str) -> list[Row]:
        return [row for row in rows if first <= (row[name] or "")[:10] <= last]

    opened = [row for row in rows if row["status"] == "open" and row["add_time"][:10] <= last]
    return success(
        {
            "movements_between_stages": {"count": len(moved)},
            "new_deals": _group(account, within("add_time")),
            "deals_left_open": _group(account, opened),
            "won_deals": _group(account, within("won_time")),
            "lost_deals": _group(account, within("lost_time")),
            "average_age_in_days": _ages(call, rows, account.now("deals")),
        }
    )
