"""Construction of a run: every part gets what it needs in its constructor."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipedrive_client.concurrency import WorkerPool
from pipedrive_client.fields import FieldRegistry
from target_pipedrive.account.currencies import Currencies
from target_pipedrive.account.known_names import KnownNames
from target_pipedrive.account.planned_rows import PlannedRows
from target_pipedrive.account.row_names import RowNames
from target_pipedrive.account.rows import Rows
from target_pipedrive.apply.add import RowAdder
from target_pipedrive.apply.changes.readable import ReadableChanges
from target_pipedrive.apply.changes.verification import Verifier
from target_pipedrive.apply.delete import DeleteGuard, RowDeleter
from target_pipedrive.apply.executor import Performer
from target_pipedrive.apply.missing_references import ReferenceCreator
from target_pipedrive.apply.missing_rows import MissingRows
from target_pipedrive.apply.row_writer import RowWriter
from target_pipedrive.apply.settlement import Settlement
from target_pipedrive.apply.update import RowUpdater
from target_pipedrive.apply.upsert import OwnRecords, Upserter
from target_pipedrive.custom_fields.registry import FieldBook
from target_pipedrive.ids.id_map import Links
from target_pipedrive.ledger.journal import Keeper
from target_pipedrive.ledger.report import Report
from target_pipedrive.ledger.stored_forms import StoredForms
from target_pipedrive.lookup.foreign_keys import ForeignKeys
from target_pipedrive.lookup.matcher import Matcher
from target_pipedrive.lookup.reference_finder import ReferenceFinder
from target_pipedrive.migrate.copier import Copier
from target_pipedrive.migrate.field_definitions import FieldWriter
from target_pipedrive.page.rows import PageRows
from target_pipedrive.record.created import Creations
from target_pipedrive.run.abort import Ending
from target_pipedrive.run.admission import Admission
from target_pipedrive.run.batching import Gathering
from target_pipedrive.run.deferred import Waiting
from target_pipedrive.run.engine import Engine, Parts
from target_pipedrive.run.mirror import Mirror
from target_pipedrive.run.scheduler import Scheduler
from target_pipedrive.run.streams import Handlers, additions_behind
from target_pipedrive.run.worker import Worker
from target_pipedrive.write.writer import writer_of

if TYPE_CHECKING:
    import logging

    from pipedrive_client import PipedriveClient
    from target_pipedrive.ledger.store import Ledger
    from target_pipedrive.settings import Options
    from target_pipedrive.settings.address import Address

CAPACITY = 2000
"""Maximum number of records that are accepted and not finished."""


def build_engine(client: PipedriveClient, ledger: Ledger, options: Options, logger: logging.Logger) -> Engine:
    """Return the engine of a run.

    Args:
        client: the connection.
        ledger: opened for this run.
        options: the target's settings.
        logger: logs failures and progress.
    """
    earlier = ledger.day_cost()
    if earlier is not None:
        client.budget.add_earlier(earlier)
    for notice in ledger.notices:
        logger.warning("%s", notice)
    dry_run = options.dry_run
    pool = WorkerPool(client.settings.max_concurrency)
    scheduler = Scheduler(pool, capacity=CAPACITY)
    ending = Ending(options, scheduler.halt)

    # Reads of the account
    links = Links(ledger.links())
    planned = PlannedRows() if dry_run else None
    rows = Rows(client, planned)
    creations = Creations(logger, dry_run=dry_run)
    book = FieldBook(
        client,
        FieldRegistry(client),
        creations,
        create_options=options.create_options,
        dry_run=dry_run,
        links=links,
        row_names=RowNames(rows),
        currencies=Currencies(client),
    )
    known_names = KnownNames(rows)
    finder = ReferenceFinder(rows, options.on_ambiguous, known_names)
    matcher = Matcher(rows, options.on_ambiguous, links, finder)

    # Writes and the ledger
    page = PageRows() if options.page_path is not None else None
    report = Report(
        results=options.results_path,
        rejects=None if dry_run else options.rejects_path,
        logger=logger,
        creations=creations,
        listener=page.take if page is not None else None,
    )
    keeper = Keeper(
        ledger,
        report,
        on_idle=scheduler.send_batches,
        on_failure=ending.by,
        on_finished=ending.lets_pass,
        day_cost=lambda: client.budget.day,
        emit_state=not dry_run,
    )
    writer = writer_of(
        client,
        keeper,
        rows,
        book,
        ledger.writes(),
        ahead=partial(additions_behind, scheduler),
        planned=planned,
    )

    # One record
    creator = ReferenceCreator(writer, finder, report) if options.missing_references == "create" else None
    foreign_keys = ForeignKeys(links, finder, creator, leave_out=options.leave_out_missing)
    guard = DeleteGuard(options.max_deletes)
    verifier = Verifier(StoredForms(ledger.forms()), keeper, rows)
    missing = MissingRows(writer, options)
    updater = RowUpdater(writer, rows, matcher, verifier, missing, shows=options.shows_changes)
    adder = RowAdder(
        writer,
        rows,
        links,
        foreign_keys=foreign_keys,
        matcher=matcher,
        verifier=verifier,
        updater=updater,
        missing=missing,
    )
    row_writer = RowWriter(
        rows,
        links,
        matcher=matcher,
        adder=adder,
        updater=updater,
        missing=missing,
        verifier=verifier,
        options=options,
    )
    definitions = FieldWriter(writer, rows, links, book)
    settlement = Settlement(rows, updater.update, wait=client.wait, dry_run=dry_run)
    upserter = Upserter(
        OwnRecords(row_writer, foreign_keys),
        Copier(row_writer, definitions, writer, links, book, foreign_keys),
        RowDeleter(writer, row_writer, foreign_keys, options, guard),
        settlement,
    )
    performer = Performer(
        writer,
        rows,
        links,
        options,
        foreign_keys=foreign_keys,
        verifier=verifier,
        on_write=matcher.wrote_elsewhere,
        changes=ReadableChanges(book, known_names),
    )

    # Many records
    mirror = Mirror(links, options, logger)
    gathering = Gathering(scheduler, rows, links, matcher, finder, settlement, options, on_end=ending.by)
    admission = Admission(scheduler, links)
    waiting = Waiting(scheduler, links, admission, folder=_folder_of(options.ledger))
    worker = Worker(performer, waiting, ending, keeper, mirror, writer)
    handlers = Handlers(
        scheduler=scheduler,
        gathering=gathering,
        worker=worker,
        performer=performer,
        upserter=upserter,
        adder=adder,
        mirror=mirror,
    )
    parts = Parts(
        page=page,
        book=book,
        report=report,
        keeper=keeper,
        pool=pool,
        scheduler=scheduler,
        ending=ending,
        admission=admission,
        waiting=waiting,
        worker=worker,
        handlers=handlers,
        writer=writer,
        mirror=mirror,
        guard=guard,
    )
    return Engine(client, ledger, options, logger, parts)


def _folder_of(ledger: Address) -> Path:
    """Return the folder for temporary files: that of the ledger, if it is a file."""
    return ledger.parent if isinstance(ledger, Path) else Path(tempfile.gettempdir())
