"""The account itself: currencies, add-ons, webhooks, calls."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Read, StreamSpec

STREAMS = (
    StreamSpec(
        name="currencies",
        summary="Currencies known to the account, its own included.",
        reads=(Read("getCurrencies", "/v1/currencies", 20, accepts="term"),),
        schema=columns("id! code name decimal_points symbol active_flag is_custom_flag"),
    ),
    StreamSpec(
        name="company_addons",
        summary="Add-ons that the company pays for.",
        reads=(Read("getCompanyAddons", "/v1/billing/subscriptions/addons", 20),),
        schema=columns("code!"),
        primary_keys=("code",),
        selected_by_default=False,
    ),
    StreamSpec(
        name="webhooks",
        summary="Webhooks with the result of their last delivery.",
        reads=(Read("getWebhooks", "/v1/webhooks", 10),),
        schema=columns(
            """
            id! name company_id owner_id user_id admin_id event_action event_object subscription_url
            version:str is_active type http_auth_user http_auth_password add_time remove_time
            remove_reason last_delivery_time last_http_status
            """,
            of="webhooks",
        ),
        selected_by_default=False,
        needs="administrator rights",
        notes="Deselect http_auth_password if other people can see the loaded rows.",
    ),
    StreamSpec(
        name="call_logs",
        summary="Calls of the user whose token reads.",
        reads=(Read("getUserCallLogs", "/v1/callLogs", 20, Paging.OFFSET, page_size=50),),
        single=Read("getCallLog", "/v1/callLogs/{id}", 2),
        schema=columns(
            """
            id!:str user_id activity_id person_id org_id deal_id lead_id company_id subject
            duration outcome from_phone_number to_phone_number start_time end_time has_recording note
            """,
            of="call_logs",
        ),
        selected_by_default=False,
    ),
)
