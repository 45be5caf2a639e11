"""Company-wide entities: filters, goals, webhooks, roles, users."""

from __future__ import annotations

from pipedrive_client import Paging
from target_pipedrive.catalog.entities.reads import INACTIVE, STAMPS, whole
from target_pipedrive.catalog.reads import RowsRead
from target_pipedrive.catalog.spec import EntitySpec

# Without one of these filters the API returns the token user's own goals, without the other only active ones.
_GOALS = RowsRead(
    path="/v1/goals/find",
    cost=20,
    records="data.goals",
    slices=tuple(
        {"expected_outcome.tracking_metric": metric, "is_active": is_active}
        for metric in ("quantity", "sum")
        for is_active in ("true", "false")
    ),
)

ENTITIES = (
    EntitySpec(
        name="filters",
        deleted_as=INACTIVE,
        conditions="conditions",
        streams="filter_conditions",
        add="add_filter",
        update="update_filter",
        delete="delete_filter",
        single=RowsRead(path="/v1/filters/{id}", cost=2, params={"include_field_code": "true"}),
        recent=whole("/v1/filters", 20),
        read_only=f"""
            {STAMPS} user_id visible_to filter_code is_editable temporary_flag last_used_time custom_view_id
        """,
    ),
    EntitySpec(
        name="goals",
        add="add_goal",
        update="update_goal",
        delete="delete_goal",
        read=_GOALS,
        recent=_GOALS,
        read_only=f"{STAMPS} is_active report_ids owner_id",
    ),
    EntitySpec(
        name="webhooks",
        add="add_webhook",
        delete="delete_webhook",
        read=whole("/v1/webhooks", 10),
        recent=whole("/v1/webhooks", 10),
        read_only=f"""
            {STAMPS} company_id owner_id is_active admin_id additional_data remove_reason last_delivery_time
            last_http_status removed_at remove_time type
        """,
    ),
    EntitySpec(
        name="roles",
        deleted_as=INACTIVE,
        natural_key="name",
        add="add_role",
        update="update_role",
        delete="delete_role",
        read=whole("/v1/roles", 20, Paging.OFFSET, 500),
        single=RowsRead(path="/v1/roles/{id}", cost=2, records="data"),
        recent=whole("/v1/roles", 20, Paging.OFFSET, 500),
        read_only=f"{STAMPS} assignment_count sub_role_count level description",
    ),
    EntitySpec(
        name="role_assignments",
        add="add_role_assignment",
        delete="delete_role_assignment",
        key="user_id",
        chosen_key=True,
        path={"id": "role_id"},
        read=whole("/v1/roles/{role_id}/assignments", 10, Paging.OFFSET, 500),
        recent=whole("/v1/roles/{role_id}/assignments", 10, Paging.OFFSET, 500),
        read_only="active_flag type parent_role_id name",
        parent="role_id",
    ),
    EntitySpec(
        name="users",
        natural_key="email",
        foreign_update=False,
        update="update_user",
        read=whole("/v1/users", 20),
        recent=whole("/v1/users", 20),
        read_only="""
            name phone lang locale default_currency timezone_name timezone_offset role_id icon_url activated
            is_you has_created_company last_login created modified is_admin access email is_deleted
            signup_flow_variation
        """,
        matchable="email name",
    ),
)
