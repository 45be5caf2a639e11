"""Every entity that can be written by upsert, as data."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from pipedrive_client import Paging
from target_pipedrive.spec import EntitySpec, RowsRead, Search

if TYPE_CHECKING:
    from collections.abc import Mapping

_COUNTERS = """
    next_activity_id last_activity_id activities_count done_activities_count undone_activities_count
    files_count notes_count followers_count email_messages_count last_incoming_mail_time
    last_outgoing_mail_time products_count participants_count people_count smart_bcc_email cc_email
    open_deals_count closed_deals_count won_deals_count lost_deals_count related_open_deals_count
    related_closed_deals_count related_won_deals_count related_lost_deals_count
    participant_open_deals_count participant_closed_deals_count
"""
_STAMPS = "add_time update_time creator_id creator_user_id active_flag"
_FOLLOWER = "add_time id"
_DETAILS = "ui_visibility,important_fields,required_fields"


def _listed(path: str, **more: str) -> RowsRead:
    """A v2 list that takes ids."""
    return RowsRead(path=path, cost=10, paging=Paging.CURSOR, ids="ids", page_size=500, params=more)


def _since(path: str) -> RowsRead:
    """A v2 list of what changed since a time."""
    return RowsRead(
        path=path, cost=10, paging=Paging.CURSOR, page_size=500, params={"updated_since": "{since}"}
    )


def _whole(path: str, cost: int, paging: Paging = Paging.NONE, page_size: int | None = None) -> RowsRead:
    """A list that is read whole."""
    return RowsRead(path=path, cost=cost, paging=paging, page_size=page_size)


def _follower(entity: str, column: str) -> EntitySpec:
    """Followers of one kind of row."""
    one = entity.removesuffix("s")
    rows = _whole(f"/api/v2/{entity}/{{{column}}}/followers", 10, Paging.CURSOR, 500)
    return EntitySpec(
        name=f"{one}_followers",
        add=f"add_{one}_follower",
        delete=f"delete_{one}_follower",
        key="user_id",
        chosen_key=True,
        path={"id": column, "follower_id": "user_id"},
        read=rows,
        recent=rows,
        read_only=_FOLLOWER,
        parent=column,
    )


def _fields(one: str, details: str) -> EntitySpec:
    """Field definitions of one kind of row, read with those details."""
    rows = RowsRead(
        path=f"/api/v2/{one}Fields",
        cost=10,
        paging=Paging.CURSOR,
        page_size=500,
        params={"include_fields": details} if details else {},
    )
    return EntitySpec(
        name=f"{one}_fields",
        in_order=True,
        definitions=one,
        add=f"add_{one}_field",
        update=f"update_{one}_field",
        delete=f"delete_{one}_field",
        key="field_code",
        read=rows,
        recent=rows,
        read_only="""
            is_custom_field is_optional_response_field subfields options_deleted is_subfield id add_time
            update_time             created_by_user_id last_updated_by_user_id order_nr edit_flag description
        """,
    )


_SPECS = (
    EntitySpec(
        name="deals",
        options="label_ids",
        settled_by={"products_count": "deal_products"},
        add="add_deal",
        update="update_deal",
        delete="delete_deal",
        merge="merge_deals",
        read=_listed("/api/v2/deals"),
        more=RowsRead(path="/api/v2/deals/archived", cost=20, paging=Paging.CURSOR, ids="ids", page_size=500),
        single=RowsRead(path="/api/v2/deals/{id}", cost=1),
        recent=_since("/api/v2/deals"),
        search=Search(
            path="/api/v2/deals/search", fields={"title": "title", "custom_fields": "custom_fields"}
        ),
        read_only=f"""
            {_STAMPS} {_COUNTERS} stage_change_time origin origin_id channel channel_id source_lead_id arr mrr
            acv             first_won_time local_won_date local_lost_date local_close_date archive_time
        """,
        custom_fields="deal",
    ),
    EntitySpec(
        name="persons",
        options="label_ids",
        add="add_person",
        update="update_person",
        delete="delete_person",
        merge="merge_persons",
        read=_listed("/api/v2/persons", include_fields="marketing_status"),
        single=RowsRead(path="/api/v2/persons/{id}", cost=1, params={"include_fields": "marketing_status"}),
        recent=_since("/api/v2/persons"),
        search=Search(
            path="/api/v2/persons/search",
            fields={"name": "name", "emails": "email", "phones": "phone", "custom_fields": "custom_fields"},
        ),
        read_only=f"{_STAMPS} {_COUNTERS} first_name last_name picture_id doi_status",
        custom_fields="person",
    ),
    EntitySpec(
        name="organizations",
        options="label_ids industry",
        add="add_organization",
        update="update_organization",
        delete="delete_organization",
        merge="merge_organizations",
        read=_listed("/api/v2/organizations"),
        single=RowsRead(path="/api/v2/organizations/{id}", cost=1),
        recent=_since("/api/v2/organizations"),
        search=Search(
            path="/api/v2/organizations/search", fields={"name": "name", "custom_fields": "custom_fields"}
        ),
        read_only=f"{_STAMPS} {_COUNTERS} picture_id org_id",
        custom_fields="organization",
    ),
    EntitySpec(
        name="activities",
        words={"type": "activity_types"},
        add="add_activity",
        update="update_activity",
        delete="delete_activity",
        read=_listed("/api/v2/activities", include_fields="attendees"),
        single=RowsRead(path="/api/v2/activities/{id}", cost=1, params={"include_fields": "attendees"}),
        recent=_since("/api/v2/activities"),
        read_only=f"""
            {_STAMPS} marked_as_done_time conference_meeting_client conference_meeting_url
            conference_meeting_id
        """,
    ),
    EntitySpec(
        name="products",
        options="category",
        add="add_product",
        update="update_product",
        delete="delete_product",
        read=_listed("/api/v2/products"),
        single=RowsRead(path="/api/v2/products/{id}", cost=1),
        recent=_since("/api/v2/products"),
        search=Search(
            path="/api/v2/products/search",
            fields={"name": "name", "code": "code", "custom_fields": "custom_fields"},
        ),
        read_only=f"{_STAMPS} {_COUNTERS}",
        custom_fields="product",
    ),
    EntitySpec(
        name="leads",
        hangs_on="person_id organization_id",
        add="add_lead",
        update="update_lead",
        delete="delete_lead",
        single=RowsRead(path="/v1/leads/{id}", cost=2),
        recent=RowsRead(
            path="/v1/leads",
            cost=20,
            paging=Paging.OFFSET,
            page_size=500,
            params={"updated_since": "{since}"},
        ),
        search=Search(path="/api/v2/leads/search", fields={"title": "title"}),
        read_only=f"{_STAMPS} {_COUNTERS} source_name origin source_deal_id",
        custom_fields="deal",
        flat_custom_fields=True,
    ),
    EntitySpec(
        name="lead_labels",
        natural_key="name color",
        in_order=True,
        add="add_lead_label",
        update="update_lead_label",
        delete="delete_lead_label",
        read=_whole("/v1/leadLabels", 10),
        recent=_whole("/v1/leadLabels", 10),
        read_only=_STAMPS,
    ),
    EntitySpec(
        name="notes",
        hangs_on="deal_id lead_id person_id org_id project_id task_id",
        add="add_note",
        update="update_note",
        delete="delete_note",
        single=RowsRead(path="/v1/notes/{id}", cost=2),
        recent=RowsRead(
            path="/v1/notes",
            cost=20,
            paging=Paging.OFFSET,
            page_size=500,
            params={"updated_since": "{since}"},
        ),
        read_only="""
            update_time active_flag last_update_user_id deal organization person project task user lead
        """,
    ),
    EntitySpec(
        name="note_comments",
        add="add_note_comment",
        update="update_comment_for_note",
        delete="delete_comment",
        key="uuid",
        path={"id": "note_id", "comment_id": "uuid"},
        read=_whole("/v1/notes/{note_id}/comments", 20, Paging.OFFSET, 500),
        recent=_whole("/v1/notes/{note_id}/comments", 20, Paging.OFFSET, 500),
        read_only=f"{_STAMPS} id user_id updater_id object_id object_type company_id",
        parent="note_id",
    ),
    EntitySpec(
        name="files",
        streams="file_contents",
        hangs_on="deal_id person_id org_id product_id activity_id lead_id project_id",
        add="add_file",
        update="update_file",
        delete="delete_file",
        single=RowsRead(path="/v1/files/{id}", cost=2),
        recent=RowsRead(
            path="/v1/files",
            cost=20,
            paging=Paging.OFFSET,
            page_size=100,
            params={"sort": "add_time DESC"},
            newest_first=True,
        ),
        read_only=f"""
            {_STAMPS} file_name file_type file_size inline_flag user_id log_id deal_name person_name org_name
            product_name lead_name project_name remote_location remote_id cid s3_bucket mail_message_id
            mail_template_id url sha256 size
        """,
    ),
    EntitySpec(
        name="pipelines",
        natural_key="name",
        in_order=True,
        add="add_pipeline",
        update="update_pipeline",
        delete="delete_pipeline",
        read=_whole("/api/v2/pipelines", 5, Paging.CURSOR, 500),
        recent=_whole("/api/v2/pipelines", 5, Paging.CURSOR, 500),
        read_only=f"{_STAMPS} order_nr",
    ),
    EntitySpec(
        name="stages",
        natural_key="name pipeline_id",
        in_order=True,
        add="add_stage",
        update="update_stage",
        delete="delete_stage",
        read=_whole("/api/v2/stages", 5, Paging.CURSOR, 500),
        recent=_whole("/api/v2/stages", 5, Paging.CURSOR, 500),
        read_only=f"{_STAMPS} order_nr",
    ),
    EntitySpec(
        name="deal_products",
        add="add_deal_product",
        update="update_deal_product",
        delete="delete_deal_product",
        path={"id": "deal_id", "product_attachment_id": "id"},
        read=RowsRead(
            path="/api/v2/deals/products",
            cost=10,
            paging=Paging.CURSOR,
            ids="deal_ids",
            by="deal_id",
            page_size=500,
        ),
        recent=_whole("/api/v2/deals/{deal_id}/products", 10, Paging.CURSOR, 500),
        read_only=f"{_STAMPS} name order_nr sum currency",
        parent="deal_id",
    ),
    EntitySpec(
        name="deal_discounts",
        add="post_additional_discount",
        update="update_additional_discount",
        delete="delete_additional_discount",
        path={"id": "deal_id", "discount_id": "id"},
        read=_whole("/api/v2/deals/{deal_id}/discounts", 10),
        recent=_whole("/api/v2/deals/{deal_id}/discounts", 10),
        read_only=f"{_STAMPS} created_at created_by updated_at updated_by",
        parent="deal_id",
    ),
    EntitySpec(
        name="deal_installments",
        after="deal_products",
        add="post_installment",
        update="update_installment",
        delete="delete_installment",
        path={"id": "deal_id", "installment_id": "id"},
        read=RowsRead(
            path="/api/v2/deals/installments",
            cost=10,
            paging=Paging.CURSOR,
            ids="deal_ids",
            by="deal_id",
            page_size=500,
        ),
        recent=RowsRead(
            path="/api/v2/deals/installments",
            cost=10,
            paging=Paging.CURSOR,
            page_size=500,
            params={"deal_ids": "{deal_id}"},
        ),
        read_only=_STAMPS,
        parent="deal_id",
    ),
    EntitySpec(
        name="deal_participants",
        natural_key="person_id",
        add="add_deal_participant",
        delete="delete_deal_participant",
        path={"id": "deal_id", "deal_participant_id": "id"},
        read=_whole("/v1/deals/{deal_id}/participants", 10, Paging.OFFSET, 500),
        recent=_whole("/v1/deals/{deal_id}/participants", 10, Paging.OFFSET, 500),
        read_only=f"{_STAMPS} added_by_user_id related_item_type related_item_id related_item_data person",
        parent="deal_id",
    ),
    _follower("deals", "deal_id"),
    _follower("persons", "person_id"),
    _follower("organizations", "organization_id"),
    _follower("products", "product_id"),
    EntitySpec(
        name="product_variations",
        add="add_product_variation",
        update="update_product_variation",
        delete="delete_product_variation",
        path={"id": "product_id", "product_variation_id": "id"},
        read=_whole("/api/v2/products/{product_id}/variations", 10, Paging.CURSOR, 500),
        recent=_whole("/api/v2/products/{product_id}/variations", 10, Paging.CURSOR, 500),
        read_only=_STAMPS,
        parent="product_id",
    ),
    EntitySpec(
        name="activity_types",
        natural_key="name",
        in_order=True,
        word="key_string",
        add="add_activity_type",
        update="update_activity_type",
        delete="delete_activity_type",
        read=_whole("/v1/activityTypes", 20),
        recent=_whole("/v1/activityTypes", 20),
        read_only=f"{_STAMPS} key_string is_custom_flag",
    ),
    EntitySpec(
        name="filters",
        conditions="conditions",
        streams="filter_conditions",
        add="add_filter",
        update="update_filter",
        delete="delete_filter",
        single=RowsRead(path="/v1/filters/{id}", cost=2, params={"include_field_code": "true"}),
        recent=_whole("/v1/filters", 20),
        read_only=f"""
            {_STAMPS} user_id visible_to filter_code is_editable temporary_flag last_used_time custom_view_id
        """,
    ),
    _fields("deal", _DETAILS),
    _fields("person", _DETAILS),
    _fields("organization", _DETAILS),
    _fields("product", "ui_visibility"),
    _fields("project", ""),
    EntitySpec(
        name="goals",
        add="add_goal",
        update="update_goal",
        delete="delete_goal",
        read=RowsRead(path="/v1/goals/find", cost=20, records="data.goals"),
        recent=RowsRead(path="/v1/goals/find", cost=20, records="data.goals"),
        read_only=f"{_STAMPS} is_active report_ids owner_id",
    ),
    EntitySpec(
        name="call_logs",
        add="add_call_log",
        delete="delete_call_log",
        single=RowsRead(path="/v1/callLogs/{id}", cost=2),
        recent=_whole("/v1/callLogs", 20, Paging.OFFSET, 50),
        read_only=f"{_STAMPS} company_id has_recording subject note",
    ),
    EntitySpec(
        name="webhooks",
        add="add_webhook",
        delete="delete_webhook",
        read=_whole("/v1/webhooks", 10),
        recent=_whole("/v1/webhooks", 10),
        read_only=f"""
            {_STAMPS} company_id owner_id is_active admin_id additional_data remove_reason last_delivery_time
            last_http_status removed_at remove_time type
        """,
    ),
    EntitySpec(
        name="organization_relationships",
        ignored="org_id",
        add="add_organization_relationship",
        update="update_organization_relationship",
        delete="delete_organization_relationship",
        single=RowsRead(path="/v1/organizationRelationships/{id}", cost=2),
        recent=RowsRead(
            path="/v1/organizationRelationships", cost=20, params={"org_id": "{rel_owner_org_id}"}
        ),
        read_only=f"{_STAMPS} calculated_type calculated_related_org_id related_organization_name",
    ),
    EntitySpec(
        name="roles",
        natural_key="name",
        add="add_role",
        update="update_role",
        delete="delete_role",
        read=_whole("/v1/roles", 20, Paging.OFFSET, 500),
        single=RowsRead(path="/v1/roles/{id}", cost=2, records="data"),
        recent=_whole("/v1/roles", 20, Paging.OFFSET, 500),
        read_only=f"{_STAMPS} assignment_count sub_role_count level description",
    ),
    EntitySpec(
        name="role_assignments",
        add="add_role_assignment",
        delete="delete_role_assignment",
        key="user_id",
        chosen_key=True,
        path={"id": "role_id"},
        read=_whole("/v1/roles/{role_id}/assignments", 10, Paging.OFFSET, 500),
        recent=_whole("/v1/roles/{role_id}/assignments", 10, Paging.OFFSET, 500),
        read_only="active_flag type parent_role_id name",
        parent="role_id",
    ),
    EntitySpec(
        name="users",
        natural_key="email",
        foreign_update=False,
        update="update_user",
        read=_whole("/v1/users", 20),
        recent=_whole("/v1/users", 20),
        read_only="""
            name phone lang locale default_currency timezone_name timezone_offset role_id icon_url activated
            is_you has_created_company last_login created modified is_admin access email is_deleted
        """,
        matchable="email name",
    ),
    EntitySpec(
        name="mail_threads",
        update="update_mail_thread_details",
        delete="delete_mail_thread",
        single=RowsRead(path="/v1/mailbox/mailThreads/{id}", cost=20),
        read_only="""
            account_id user_id parties subject snippet message_count has_attachments_flag folders write_flag
            add_time update_time drafts_parties external_deleted_flag first_message_timestamp
            has_draft_flag has_real_attachments_flag has_sent_flag last_message_received_timestamp
            last_message_sent_timestamp last_message_timestamp mail_link_tracking_enabled_flag
            mail_tracking_status smart_bcc_flag snippet_draft snippet_sent sync_flag version
            all_messages_sent_flag folder has_inline_attachments_flag deleted_flag synced_flag deal_status
            first_message_to_me_flag
        """,
    ),
    EntitySpec(
        name="projects",
        options="label_ids",
        archive="archive_project",
        add="add_project",
        update="update_project",
        delete="delete_project",
        single=RowsRead(path="/api/v2/projects/{id}", cost=1),
        recent=_whole("/api/v2/projects", 10, Paging.CURSOR, 500),
        search=Search(path="/api/v2/projects/search", fields={"title": "title"}),
        read_only=f"{_STAMPS} status_change_time archive_time is_archived deal_id org_id person_id labels",
        custom_fields="project",
    ),
    EntitySpec(
        name="tasks",
        add="add_task",
        update="update_task",
        delete="delete_task",
        single=RowsRead(path="/api/v2/tasks/{id}", cost=1),
        recent=RowsRead(
            path="/api/v2/tasks",
            cost=10,
            paging=Paging.CURSOR,
            page_size=500,
            params={"project_id": "{project_id}"},
        ),
        read_only=f"{_STAMPS} marked_as_done_time is_done is_milestone",
        aliases={"is_done": "done", "is_milestone": "milestone"},
    ),
    EntitySpec(
        name="boards",
        natural_key="name",
        in_order=True,
        add="add_project_board",
        update="update_project_board",
        delete="delete_project_board",
        read=_whole("/api/v2/boards", 10),
        recent=_whole("/api/v2/boards", 10),
        read_only=_STAMPS,
    ),
    EntitySpec(
        name="phases",
        natural_key="name board_id",
        in_order=True,
        add="add_project_phase",
        update="update_project_phase",
        delete="delete_project_phase",
        single=RowsRead(path="/api/v2/phases/{id}", cost=10),
        read=RowsRead(path="/api/v2/phases", cost=10, params={"board_id": "{board_id}"}),
        recent=RowsRead(path="/api/v2/phases", cost=10, params={"board_id": "{board_id}"}),
        read_only=_STAMPS,
    ),
)

ENTITIES: Mapping[str, EntitySpec] = MappingProxyType({spec.name: spec for spec in _SPECS})
ENTITY_OF_STREAM: Mapping[str, str] = MappingProxyType(
    {name: spec.name for spec in _SPECS for name in spec.streams.split()}
)
"""Streams of other names that carry rows of an entity."""
