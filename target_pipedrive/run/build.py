"""Construction of a run: every part gets what it needs in its constructor.

`RunBuilder` has one property for each part, named like the parameters that receive it.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from pipedrive_client.concurrency import WorkerPool
from pipedrive_client.fields import FieldDefinitions
from target_pipedrive.account.currencies import Currencies
from target_pipedrive.account.known_names import KnownNames
from target_pipedrive.account.lead_labels import LeadLabels
from target_pipedrive.account.planned_rows import PlannedRows
from target_pipedrive.account.row_names import RowNames
from target_pipedrive.account.rows import Rows
from target_pipedrive.apply.add import RowAdder
from target_pipedrive.apply.changes.readable import ReadableChanges
from target_pipedrive.apply.changes.verification import Verifier
from target_pipedrive.apply.delete import DeleteGuard, RowDeleter
from target_pipedrive.apply.executor import RecordExecutor
from target_pipedrive.apply.missing_references import ReferenceCreator
from target_pipedrive.apply.missing_rows import MissingRows
from target_pipedrive.apply.recomputed_columns import RecomputedColumns
from target_pipedrive.apply.row_writer import RowWriter
from target_pipedrive.apply.update import RowUpdater
from target_pipedrive.apply.upsert import OwnRecords, Upserter
from target_pipedrive.custom_fields.registry import FieldRegistry
from target_pipedrive.ids.id_map import Links
from target_pipedrive.ledger.journal import Journal
from target_pipedrive.ledger.report import Report
from target_pipedrive.ledger.schema import child_time
from target_pipedrive.ledger.stored_forms import StoredForms
from target_pipedrive.lookup.foreign_keys import ForeignKeys
from target_pipedrive.lookup.matcher import Matcher
from target_pipedrive.lookup.reference_finder import ReferenceFinder
from target_pipedrive.migrate.copier import Copier
from target_pipedrive.migrate.field_definitions import FieldWriter
from target_pipedrive.page.rows import PageRows
from target_pipedrive.record.created import Creations
from target_pipedrive.run.abort import RunAbort
from target_pipedrive.run.admission import Admission
from target_pipedrive.run.batching import Batcher
from target_pipedrive.run.deferred import DeferredRecords
from target_pipedrive.run.engine import Engine, Parts
from target_pipedrive.run.mirror import Mirror
from target_pipedrive.run.scheduler import Scheduler
from target_pipedrive.run.streams import Handlers, additions_behind
from target_pipedrive.run.worker import Worker
from target_pipedrive.settings.address import folder_of
from target_pipedrive.write.writer import writer_of

if TYPE_CHECKING:
    import logging

    from pipedrive_client import PipedriveClient
    from target_pipedrive.ledger.store import Ledger
    from target_pipedrive.settings import Options
    from target_pipedrive.write.writer import RecordWriter

CAPACITY = 2000
"""Maximum number of records that are accepted and not finished."""


def build_engine(client: PipedriveClient, ledger: Ledger, options: Options, logger: logging.Logger) -> Engine:
    """Return the engine of a run; the arguments are those of `RunBuilder`."""
    earlier = ledger.day_cost()
    if earlier is not None:
        client.budget.add_earlier(earlier)
    for notice in ledger.notices:
        logger.warning("%s", notice)
    return RunBuilder(client, ledger, options, logger).engine


class RunBuilder:
    """Parts of a run; each is built on first use, from the parts it depends on.

    Args:
        client: the connection.
        ledger: opened for this run.
        options: the target's settings.
        logger: logs failures and progress.
    """

    def __init__(
        self, client: PipedriveClient, ledger: Ledger, options: Options, logger: logging.Logger
    ) -> None:
        self._client = client
        self._ledger = ledger
        self._options = options
        self._logger = logger

    @cached_property
    def engine(self) -> Engine:
        """Engine of the run."""
        parts = Parts(
            page=self._page,
            registry=self._registry,
            report=self._report,
            journal=self._journal,
            pool=self._pool,
            scheduler=self._scheduler,
            abort=self._abort,
            admission=self._admission,
            deferred=self._deferred,
            worker=self._worker,
            handlers=self._handlers,
            writer=self._writer,
            mirror=self._mirror,
            guard=self._guard,
        )
        return Engine(self._client, self._ledger, self._options, self._logger, parts)

    # --- order of records -------------------------------------------------------------------------

    @cached_property
    def _pool(self) -> WorkerPool:
        return WorkerPool(self._client.settings.max_concurrency)

    @cached_property
    def _scheduler(self) -> Scheduler:
        return Scheduler(self._pool, capacity=CAPACITY)

    @cached_property
    def _abort(self) -> RunAbort:
        return RunAbort(self._options, self._scheduler.halt)

    # --- reads of the account ---------------------------------------------------------------------

    @cached_property
    def _links(self) -> Links:
        return Links(self._ledger.links())

    @cached_property
    def _planned(self) -> PlannedRows | None:
        return PlannedRows() if self._options.dry_run else None

    @cached_property
    def _rows(self) -> Rows:
        return Rows(self._client, self._planned)

    @cached_property
    def _creations(self) -> Creations:
        return Creations(self._logger, dry_run=self._options.dry_run)

    @cached_property
    def _lead_labels(self) -> LeadLabels | None:
        if not self._options.create_options:
            return None
        return LeadLabels(self._client, self._creations, dry_run=self._options.dry_run)

    @cached_property
    def _registry(self) -> FieldRegistry:
        return FieldRegistry(
            self._client,
            FieldDefinitions(self._client),
            self._creations,
            create_options=self._options.create_options,
            dry_run=self._options.dry_run,
            links=self._links,
            row_names=RowNames(self._rows, self._lead_labels),
            currencies=Currencies(self._client),
        )

    @cached_property
    def _known_names(self) -> KnownNames:
        return KnownNames(self._rows, complete=self._options.page_path is not None)

    @cached_property
    def _finder(self) -> ReferenceFinder:
        return ReferenceFinder(self._rows, self._options.on_ambiguous, self._known_names, self._planned)

    @cached_property
    def _matcher(self) -> Matcher:
        return Matcher(self._rows, self._options.on_ambiguous, self._links, self._finder, self._planned)

    # --- outcomes and the ledger ------------------------------------------------------------------

    @cached_property
    def _page(self) -> PageRows | None:
        return PageRows() if self._options.page_path is not None else None

    @cached_property
    def _report(self) -> Report:
        return Report(
            results=self._options.results_path,
            rejects=None if self._options.dry_run else self._options.rejects_path,
            logger=self._logger,
            creations=self._creations,
            listener=self._page.take if self._page is not None else None,
        )

    @cached_property
    def _journal(self) -> Journal:
        return Journal(
            self._ledger,
            self._report,
            on_idle=self._scheduler.send_batches,
            on_failure=self._abort.trigger,
            on_finished=self._abort.permits_state,
            day_cost=lambda: self._client.budget.day,
            emit_state=not self._options.dry_run,
        )

    @cached_property
    def _writer(self) -> RecordWriter:
        return writer_of(
            self._client,
            self._journal,
            self._rows,
            self._registry,
            self._ledger.writes(),
            ahead=partial(additions_behind, self._scheduler),
            planned=self._planned,
        )

    # --- one record -------------------------------------------------------------------------------

    @cached_property
    def _foreign_keys(self) -> ForeignKeys:
        creator = None
        if self._options.missing_references == "create":
            creator = ReferenceCreator(self._writer, self._finder, self._report)
        return ForeignKeys(self._links, self._finder, creator, leave_out=self._options.leave_out_missing)

    @cached_property
    def _verifier(self) -> Verifier:
        return Verifier(StoredForms(self._ledger.forms()), self._journal, self._rows)

    @cached_property
    def _missing(self) -> MissingRows:
        return MissingRows(self._writer, self._options)

    @cached_property
    def _updater(self) -> RowUpdater:
        return RowUpdater(
            self._writer,
            self._rows,
            self._matcher,
            self._verifier,
            self._missing,
            shows=self._options.shows_changes,
        )

    @cached_property
    def _adder(self) -> RowAdder:
        return RowAdder(
            self._writer,
            self._rows,
            self._links,
            foreign_keys=self._foreign_keys,
            matcher=self._matcher,
            verifier=self._verifier,
            updater=self._updater,
            missing=self._missing,
        )

    @cached_property
    def _row_writer(self) -> RowWriter:
        return RowWriter(
            self._rows,
            self._links,
            matcher=self._matcher,
            adder=self._adder,
            updater=self._updater,
            missing=self._missing,
            verifier=self._verifier,
            options=self._options,
        )

    @cached_property
    def _recomputed(self) -> RecomputedColumns:
        send, before, dry = self._updater.update, child_time(self._ledger.database), self._options.dry_run
        return RecomputedColumns(self._rows, send, self._client.wait, self._journal, before, dry_run=dry)

    @cached_property
    def _guard(self) -> DeleteGuard:
        return DeleteGuard(self._options.max_deletes)

    @cached_property
    def _upserter(self) -> Upserter:
        definitions = FieldWriter(self._writer, self._rows, self._links, self._registry)
        return Upserter(
            OwnRecords(self._row_writer, self._foreign_keys),
            Copier(
                self._row_writer, definitions, self._writer, self._links, self._registry, self._foreign_keys
            ),
            RowDeleter(self._writer, self._row_writer, self._foreign_keys, self._options, self._guard),
            self._recomputed,
        )

    @cached_property
    def _executor(self) -> RecordExecutor:
        return RecordExecutor(
            self._writer,
            self._rows,
            self._links,
            self._options,
            foreign_keys=self._foreign_keys,
            verifier=self._verifier,
            on_write=self._matcher.wrote_elsewhere,
            changes=ReadableChanges(self._registry, self._known_names),
        )

    # --- many records -----------------------------------------------------------------------------

    @cached_property
    def _mirror(self) -> Mirror:
        return Mirror(self._links, self._options, self._logger)

    @cached_property
    def _batcher(self) -> Batcher:
        return Batcher(
            self._scheduler,
            self._rows,
            self._links,
            self._matcher,
            self._finder,
            self._recomputed,
            self._options,
            on_end=self._abort.trigger,
        )

    @cached_property
    def _admission(self) -> Admission:
        return Admission(self._scheduler, self._links)

    @cached_property
    def _deferred(self) -> DeferredRecords:
        return DeferredRecords(
            self._scheduler, self._links, self._admission, folder=folder_of(self._options.ledger)
        )

    @cached_property
    def _worker(self) -> Worker:
        return Worker(self._executor, self._deferred, self._abort, self._journal, self._mirror, self._writer)

    @cached_property
    def _handlers(self) -> Handlers:
        return Handlers(
            scheduler=self._scheduler,
            batcher=self._batcher,
            worker=self._worker,
            executor=self._executor,
            upserter=self._upserter,
            adder=self._adder,
            mirror=self._mirror,
        )
