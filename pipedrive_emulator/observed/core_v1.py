"""Core entities in version 1: out of support, and still served by live accounts on 2026-05-15.

Each operation is that of v2 under its old path: bodies are renamed and converted, the handlers of v2 act, and
the row is shown in its v1 form.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipedrive_emulator.account.custom_fields import from_v1
from pipedrive_emulator.api.http import JSON_TYPE, ApiError, Request, Response, Row, encode, success
from pipedrive_emulator.api.operations import Operation, Param, load_operations
from pipedrive_emulator.domains.deals import deals
from pipedrive_emulator.handlers.registry import HANDLERS, Call, Handler
from pipedrive_emulator.handlers.resources import Resource
from pipedrive_emulator.observed.core_entities import ENTITIES, Entity
from pipedrive_emulator.observed.refusals import check_values
from pipedrive_emulator.query.paging import DEFAULT_LIMIT, offset_response
from pipedrive_emulator.rules.validation import FORM_TYPE, check_body

if TYPE_CHECKING:
    from collections.abc import Callable

ADDED, GONE = 201, 410
V1_COSTS = 2
INSERTED_ID = (
    "Inserting ID with POST request is not allowed. "
    "If you have any questions, please contact Pipedrive support"
)
ALIASES = {
    "v2:updateProductVariation": "/api/v2/products/{id}/product-variations/{product_variation_id}",
    "v2:searchDeals": "/api/v1/deals/search",
    "v2:searchPersons": "/api/v1/persons/search",
    "v2:searchOrganization": "/api/v1/organizations/search",
    "v2:searchProducts": "/api/v1/products/search",
}
"""Further paths of operations: one recorded, and the searches of v1, whose responses are a guess."""
METHODS = {"list": "GET", "get": "GET", "add": "POST", "update": "PUT", "delete": "DELETE"}
ANY_BODY = {JSON_TYPE: {"type": "object"}, FORM_TYPE: {"type": "object"}}


def _param(name: str, kind: str = "integer", **more: object) -> Param:
    return Param(name=name, place="query", kind=kind, **more)  # type: ignore[arg-type]  # values of its own fields


PAGING = (
    _param("start", default=0),
    _param("limit", maximum=500),
    _param("sort", "string", csv=True),
    _param("sort_by", "string"),
    _param("sort_direction", "string", enum=("asc", "desc")),
    _param("filter_id"),
)


def _v2(entity: Entity, verb: str) -> Operation:
    name = f"get{entity.plural}" if verb == "list" else f"{verb}{entity.word}"
    return load_operations()[f"v2:{name}"]


def _operation(entity: Entity, verb: str) -> Operation:
    new = _v2(entity, verb)
    one = verb in ("get", "update", "delete")
    further = tuple(_param(name, kind) for name, kind in entity.filters.items())
    return replace(
        new,
        key=f"v1:core.{new.key.partition(':')[2]}",
        version="v1",
        method=METHODS[verb],
        path=f"/api/v1/{entity.path}" + ("/{id}" if one else ""),
        cost=V1_COSTS * new.cost,
        paging="offset" if verb == "list" else "none",
        query={param.name: param for param in (*PAGING, *further)} if verb == "list" else {},
        path_params={"id": Param(name="id", place="path", kind="integer")} if one else {},
        bodies=ANY_BODY if verb in ("add", "update") else {},
        body_required=False,
        status=ADDED if verb == "add" else 200,
        response={},
        errors={},
    )


def _body(call: Call, entity: Entity, new: Operation) -> Row:
    """Return the body in the names and types of v2, without the keys that v2 does not know."""
    plain, custom = from_v1(call.account, entity.table, call.body)
    known = new.bodies[JSON_TYPE]["properties"]
    found: Row = {}
    for name, value in plain.items():
        renamed, convert = entity.names.get(name, (name, None))
        if renamed in known:
            found[renamed] = value if convert is None or value is None else convert(value)
    if custom:
        found["custom_fields"] = custom
    sent = Request(method=new.method, path=new.path, headers={"content-type": JSON_TYPE}, body=encode(found))
    body: Row = check_body(new, sent)[0]
    return body


def _act(call: Call, entity: Entity, verb: str) -> Row:
    """Call the operation of v2 and return the row that it wrote."""
    new = _v2(entity, verb)
    try:
        body = _body(call, entity, new)
        renewed = replace(call, operation=new, body=body)
        check_values(renewed)
        HANDLERS[new.key](renewed)
    except ApiError as refusal:
        if "code" in refusal.extra:
            raise ApiError(400, "Bad request") from None
        raise
    table = call.account.table(entity.table)
    if verb == "add":
        return next(table.row(seq) for seq in reversed(list(table.seqs())))
    row: Row = call.account.require(entity.table, call.path["id"])
    return row


def _shown(
    call: Call, entity: Entity, row: Row, verb: str, additional: Row | None = None, status: int = 200
) -> Response:
    related = (entity.related_one if verb == "get" else None) or entity.related
    more = {} if related is None else {"related_objects": related(call.account, [row])}
    return success(_row(call, entity, row, verb), status=status, additional=additional, **more)


def _row(call: Call, entity: Entity, row: Row, verb: str) -> Row:
    """Return a row as the operation shows it."""
    show = {"list": entity.listed, "get": entity.one}.get(verb) or entity.show
    hidden = entity.hidden.get(verb, frozenset())
    return {name: value for name, value in show(call.account, row).items() if name not in hidden}


def _list(entity: Entity) -> Handler:
    resource = Resource(
        table=entity.table,
        operations={},
        view=lambda _: entity.view,
        equal={"user_id": "owner_id"},
        tests=entity.tests,
        filter_type=entity.filter_type,
    )

    def handle(call: Call) -> Response:
        query = dict(call.query)
        by, direction = query.pop("sort_by", None), query.pop("sort_direction", "asc")
        if by is not None:
            query["sort"] = [(by, direction == "desc")]
        start, limit = query.get("start", 0), query.get("limit", DEFAULT_LIMIT)
        seqs, more = resource.selected(replace(call, query=query), start, limit)
        rows = [call.account.table(entity.table).row(seq) for seq in seqs]
        extra = {} if entity.related is None else {"related_objects": entity.related(call.account, rows)}
        shown = [_row(call, entity, row, "list") for row in rows]
        return offset_response(call.operation, shown, query, more=more, **extra)

    return handle


def _get(entity: Entity) -> Handler:
    def handle(call: Call) -> Response:
        row = call.account.require(entity.table, call.path["id"])
        return _shown(call, entity, row, "get", entity.beside(call.account, row))

    return handle


def _add(entity: Entity) -> Handler:
    def handle(call: Call) -> Response:
        if "id" in call.body:
            raise ApiError(400, INSERTED_ID)
        for name in entity.required:
            if call.body.get(name) in (None, ""):
                raise ApiError(400, f"{name.capitalize()} must be given.")
        return _shown(call, entity, _act(call, entity, "add"), "add", entity.added, ADDED)

    return handle


def _to_update(call: Call, entity: Entity) -> Row:
    """Return the row that is to be updated; raises the errors of deals that cannot be updated so."""
    if entity.table != "deals":
        row: Row = call.account.require(entity.table, call.path["id"])
        return row
    deal = deals.to_update(call.account, call.path["id"])
    if call.account.dialect.locked_values:
        deals.check_value(call.account, deal, call.body)
    return deal


def _update(entity: Entity) -> Handler:
    def handle(call: Call) -> Response:
        before = _to_update(call, entity)
        row = _act(call, entity, "update")
        if row["update_time"] == before["update_time"] and call.account.dialect.touched_by_put:
            row = call.account.update(entity.table, row["id"], {}, call.user_id)
        return _shown(call, entity, row, "update")

    return handle


def _delete(entity: Entity) -> Handler:
    def handle(call: Call) -> Response:
        key = call.path["id"]
        row = call.account.table(entity.table).get(key)
        if entity.gone_again and row is not None and row["is_deleted"]:
            return success({"id": key}, status=GONE)
        HANDLERS[_v2(entity, "delete").key](replace(call, operation=_v2(entity, "delete")))
        return success({"id": key})

    return handle


VERBS: dict[str, Callable[[Entity], Handler]] = {
    "list": _list,
    "get": _get,
    "add": _add,
    "update": _update,
    "delete": _delete,
}


def _alias(key: str, path: str) -> tuple[Operation, Handler]:
    """Return a published operation under a second path, whose version it has then."""
    version, name = path.split("/")[2], key.partition(":")[2]
    operation = replace(load_operations()[key], key=f"{version}:core.{name}", version=version, path=path)
    return operation, HANDLERS[key]


def core_operations() -> list[tuple[Operation, Handler]]:
    """Return the operations that are served though they are not published, with their handlers."""
    core = [(_operation(entity, verb), make(entity)) for entity in ENTITIES for verb, make in VERBS.items()]
    return [*core, *(_alias(key, path) for key, path in ALIASES.items())]
