"""What Pipedrive's property names mean: name → (type in the column notation, description).

A column of this name takes both unless its spec gives a type of its own. An entry `outer.name` goes
before `name` for columns inside `outer`. Descriptions are the project's own words.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_ADDRESS = """{
    value country admin_area_level_1 admin_area_level_2 locality sublocality route street_number
    subpremise postal_code
}"""

_WHO_AND_WHEN = {
    "id": ("int", "Identifier, unique within the account."),
    "add_time": ("time", "When the row was created."),
    "update_time": ("time", "When the row was last changed."),
    "is_deleted": ("bool", "True once the row was deleted."),
    "is_archived": ("bool", "True while the row is archived."),
    "archive_time": ("time", "When the row was archived."),
    "active_flag": ("bool", "False once the row was deactivated or deleted."),
    "owner_id": ("int", "User who owns the row."),
    "creator_id": ("int", "User who created the row."),
    "creator_user_id": ("int", "User who created the row."),
    "user_id": ("int", "User the row belongs to."),
    "last_update_user_id": ("int", "User who made the last change."),
    "last_updated_by_user_id": ("int", "User who made the last change."),
    "created_by_user_id": ("int", "User who made the field."),
    "visible_to": ("int", "Who may see the row, as the number of a visibility level or group."),
    "user": ("map", "The user, in brief."),
    "is_you": ("bool", "True when this is the user whose token reads."),
}

_NAMES = {
    "name": ("str", "Display name."),
    "title": ("str", "Heading that users see."),
    "subject": ("str", "What it is about, in a few words."),
    "description": ("str", "Explaining text."),
    "label": ("str", "Text shown to users."),
    "emails.label": ("str", "Kind of address, such as work or home."),
    "phones.label": ("str", "Kind of number, such as work or mobile."),
    "im.label": ("str", "Kind of account."),
    "value": ("str", "The value as text."),
    "emails.value": ("str", "Email address."),
    "phones.value": ("str", "Phone number."),
    "im.value": ("str", "Account name."),
    "primary": ("bool", "True for the one to use first."),
    "type": ("str", "Kind of row."),
    "key": ("str", "Key under which rows carry the value."),
    "code": ("str", "Short code."),
    "color": ("str", "Colour, as a word or six hexadecimal digits."),
    "icon_key": ("str", "Name of the icon."),
    "icon_url": ("str", "Web address of the avatar, null where there is none."),
    "order_nr": ("int", "Position among its siblings, lowest first."),
    "is_custom_flag": ("bool", "True when the account added it."),
    "content": ("str", "Text as HTML."),
    "comments": ("str", "Free remarks."),
    "note": ("str", "Inner note as HTML."),
    "notes": ("str", "Free remarks."),
    "email": ("str", "Email address."),
    "phone": ("str", "Phone number."),
    "url": ("str", "Web address."),
}

_LINKS = {
    "deal_id": ("int", "Deal the row is linked to."),
    "lead_id": ("uuid", "Lead the row is linked to."),
    "person_id": ("int", "Person the row is linked to."),
    "org_id": ("int", "Organization the row is linked to."),
    "organization_id": ("int", "Organization the row is linked to."),
    "product_id": ("int", "Product the row is linked to."),
    "project_id": ("int", "Project the row is linked to."),
    "activity_id": ("int", "Activity the row is linked to."),
    "task_id": ("int", "Task the row is linked to."),
    "pipeline_id": ("int", "Pipeline the row is in."),
    "stage_id": ("int", "Stage the row is in."),
    "product_variation_id": ("int", "Variation of the product, null for the plain one."),
    "source_lead_id": ("uuid", "Lead this was converted from."),
    "source_deal_id": ("int", "Deal this was converted from."),
    "label_ids": ("[int]", "Labels on the row."),
    "deal": ("map", "The deal, in brief."),
    "organization": ("map", "The organization, in brief."),
    "person": ("map", "The person, in brief."),
    "project": ("map", "The project, in brief."),
    "task": ("map", "The task, in brief."),
}

_DEALS = {
    "deals.value": ("num", "Worth of the deal."),
    "leads.value": ("{amount currency}", "Expected worth."),
    "currency": ("str", "Currency as a three-letter code."),
    "amount": ("num", "Sum of money."),
    "status": ("str", "Where the row stands."),
    "probability": ("num", "Chance of winning, in per cent."),
    "lost_reason": ("str", "Why it was lost."),
    "stage_change_time": ("time", "When the stage last changed."),
    "close_time": ("time", "When it was won or lost."),
    "won_time": ("time", "When it was won."),
    "lost_time": ("time", "When it was lost."),
    "first_won_time": ("time", "When it was won for the first time."),
    "local_won_date": ("date", "Day it was won, in the account's time zone."),
    "local_lost_date": ("date", "Day it was lost, in the account's time zone."),
    "local_close_date": ("date", "Day it was won or lost, in the account's time zone."),
    "expected_close_date": ("date", "Day on which it should close."),
    "origin": ("str", "What created it, such as a person, an import or the API."),
    "origin_id": ("str", "Which of those, when known."),
    "channel": ("int", "Marketing channel it came from."),
    "channel_id": ("str", "Which campaign of that channel."),
    "arr": ("num", "Yearly recurring revenue, null without recurring products."),
    "mrr": ("num", "Monthly recurring revenue, null without recurring products."),
    "acv": ("num", "Yearly contract value, null without products."),
    "source_name": ("str", "Where the lead comes from."),
    "was_seen": ("bool", "True once a user opened the lead."),
    "cc_email": ("str", "Address that files mail with the row when put into BCC."),
    "smart_bcc_email": ("str", "Address that files mail with the row when put into BCC."),
}

_COUNTERS = {
    "next_activity_id": ("int", "Next activity to be done."),
    "last_activity_id": ("int", "Activity done last."),
    "activities_count": ("int", "Number of activities."),
    "done_activities_count": ("int", "Number of activities that are done."),
    "undone_activities_count": ("int", "Number of activities still to do."),
    "products_count": ("int", "Number of attached products."),
    "files_count": ("int", "Number of files."),
    "notes_count": ("int", "Number of notes."),
    "followers_count": ("int", "Number of users who follow."),
    "participants_count": ("int", "Number of participants."),
    "email_messages_count": ("int", "Number of mails."),
    "people_count": ("int", "Number of persons in the organization."),
    "last_incoming_mail_time": ("time", "When the last mail came in."),
    "last_outgoing_mail_time": ("time", "When the last mail went out."),
    "open_deals_count": ("int", "Number of open deals."),
    "closed_deals_count": ("int", "Number of won and lost deals."),
    "won_deals_count": ("int", "Number of won deals."),
    "lost_deals_count": ("int", "Number of lost deals."),
    "related_open_deals_count": ("int", "Number of open deals of related persons and organizations."),
    "related_closed_deals_count": ("int", "Number of closed deals of related persons and organizations."),
    "related_won_deals_count": ("int", "Number of won deals of related persons and organizations."),
    "related_lost_deals_count": ("int", "Number of lost deals of related persons and organizations."),
    "participant_open_deals_count": ("int", "Number of open deals the person takes part in."),
    "participant_closed_deals_count": ("int", "Number of closed deals the person takes part in."),
}

_PRODUCTS = {
    "unit": ("str", "Unit it is sold in."),
    "tax": ("num", "Tax in per cent."),
    "category": ("str", "Category it belongs to."),
    "is_linkable": ("bool", "True when it can be put on deals."),
    "prices": ("[{product_id price currency cost direct_cost notes}]", "Prices, one for each currency."),
    "price": ("num", "Price of one unit."),
    "cost": ("num", "What one unit costs the seller."),
    "direct_cost": ("num", "Direct cost of one unit."),
    "item_price": ("num", "Price of one unit on this deal."),
    "quantity": ("num", "How many units."),
    "sum": ("num", "Total after discount and tax rules."),
    "tax_method": ("str", "Whether prices contain the tax: inclusive, exclusive or none."),
    "discount": ("num", "Discount, in the unit that `discount_type` names."),
    "discount_type": ("str", "Unit of the discount: percentage or amount."),
    "is_enabled": ("bool", "False for a line that does not count."),
    "billing_frequency": ("str", "How often it is billed, such as one-time or monthly."),
    "billing_frequency_cycles": ("int", "How many times it is billed, null without end."),
    "billing_start_date": ("date", "Day of the first bill."),
}

_PEOPLE = {
    "first_name": ("str", "Given name."),
    "last_name": ("str", "Family name."),
    "emails": ("[{value label primary}]", "Email addresses."),
    "phones": ("[{value label primary}]", "Phone numbers."),
    "im": ("[{value label primary}]", "Accounts of instant messengers."),
    "picture_id": ("int", "Picture of the person."),
    "birthday": ("date", "Day of birth."),
    "job_title": ("str", "Position held."),
    "marketing_status": ("str", "Consent to marketing mail."),
    "doi_status": ("int", "State of the double opt-in."),
    "address": (_ADDRESS, "Postal address."),
    "postal_address": (_ADDRESS, "Postal address."),
    "location": (_ADDRESS, "Place."),
    "address.value": ("str", "Whole address in one line."),
    "postal_address.value": ("str", "Whole address in one line."),
    "location.value": ("str", "Whole address in one line."),
    "country": ("str", "Country."),
    "admin_area_level_1": ("str", "State, province or the like."),
    "admin_area_level_2": ("str", "County, district or the like."),
    "locality": ("str", "City or town."),
    "sublocality": ("str", "Part of the city."),
    "route": ("str", "Street."),
    "street_number": ("str", "House number."),
    "subpremise": ("str", "Flat, suite or floor."),
    "postal_code": ("str", "Postal code."),
    "website": ("str", "Web site."),
    "linkedin": ("str", "Web address of the LinkedIn page."),
    "industry": ("int", "Branch of business, as an option of the field."),
    "annual_revenue": ("num", "Revenue of a year."),
    "employee_count": ("int", "Number of employees."),
}

_ACTIVITIES = {
    "due_date": ("date", "Day it is due."),
    "due_time": ("clock", "Time of day it is due, in UTC; null for the whole day."),
    "duration": ("clock", "How long it takes, as hours and minutes."),
    "busy": ("bool", "True when it blocks the owner's calendar."),
    "done": ("bool", "True once it is done."),
    "marked_as_done_time": ("time", "When it was marked as done."),
    "participants": ("[{person_id primary}]", "Persons who take part."),
    "attendees": ("[{email name status is_organizer person_id user_id}]", "Who is invited."),
    "is_organizer": ("bool", "True for the one who invites."),
    "conference_meeting_client": ("str", "Program used for the meeting."),
    "conference_meeting_url": ("str", "Web address of the meeting."),
    "conference_meeting_id": ("str", "Identifier of the meeting at its program."),
    "public_description": ("str", "Text that guests see."),
    "priority": ("int", "Urgency, as an option of the field."),
    "outcome": ("int", "Result, as an option of the field."),
    "key_string": ("str", "Key that rows of this type carry."),
}

_PIPELINES = {
    "is_deal_probability_enabled": ("bool", "True when its deals carry a probability."),
    "deal_probability": ("int", "Chance of winning in this stage, in per cent."),
    "is_deal_rot_enabled": ("bool", "True when idle deals become rotten here."),
    "days_to_rotten": ("int", "Days without a change after which a deal is rotten."),
}

_NOTES_AND_FILES = {
    "pinned_to_deal_flag": ("bool", "True when pinned to its deal."),
    "pinned_to_lead_flag": ("bool", "True when pinned to its lead."),
    "pinned_to_organization_flag": ("bool", "True when pinned to its organization."),
    "pinned_to_person_flag": ("bool", "True when pinned to its person."),
    "pinned_to_project_flag": ("bool", "True when pinned to its project."),
    "pinned_to_task_flag": ("bool", "True when pinned to its task."),
    "file_name": ("str", "Name under which the file is stored."),
    "file_type": ("str", "Kind of file."),
    "file_size": ("int", "Size in bytes."),
    "inline_flag": ("bool", "True when shown inside a mail."),
    "log_id": ("int", "Log entry the file belongs to."),
    "deal_name": ("str", "Title of the linked deal."),
    "person_name": ("str", "Name of the linked person."),
    "org_name": ("str", "Name of the linked organization."),
    "product_name": ("str", "Name of the linked product."),
    "lead_name": ("str", "Title of the linked lead."),
    "project_name": ("str", "Title of the linked project."),
    "remote_location": ("str", "Service that keeps the bytes, when not Pipedrive."),
    "remote_id": ("str", "Identifier at that service."),
    "cid": ("str", "Content identifier of an inline attachment."),
    "s3_bucket": ("str", "Storage bucket."),
    "mail_message_id": ("int", "Mail the row belongs to."),
    "mail_template_id": ("str", "Mail template the file belongs to."),
}

_FIELDS = {
    "field_code": ("str", "Key of the field; forty hexadecimal digits for custom ones."),
    "field_name": ("str", "Name of the field as users see it."),
    "field_type": ("str", "Type of the values, such as varchar, enum or monetary."),
    "options": ("[{id:int|str label color add_time update_time}]", "Choices, null where any value goes."),
    "options.id": ("int|str", "Value that rows carry for this choice."),
    "options_deleted": ("[{id:int|str label}]", "Choices that were taken away."),
    "options_deleted.id": ("int|str", "Value that older rows may still carry."),
    "subfields": (
        "[{field_code field_name field_type}]",
        "Parts of a composed value, such as an amount's currency.",
    ),
    "is_subfield": ("bool", "True for a part of another field."),
    "is_custom_field": ("bool", "True when the account added the field."),
    "is_optional_response_field": ("bool", "True when lists send it only on request."),
    "ui_visibility": ("map", "Where the web application shows the field."),
    "add_visible_flag": ("bool", "True when shown in the form for new rows."),
    "details_visible_flag": ("bool", "True when shown in the detail view."),
    "projects_detail_visible_flag": ("bool", "True when shown in the detail view of projects."),
    "org_detail_visible_flag": ("bool", "True when shown in the detail view of organizations."),
    "person_detail_visible_flag": ("bool", "True when shown in the detail view of persons."),
    "deal_detail_visible_flag": ("bool", "True when shown in the detail view of deals."),
    "show_in_pipelines": ("{show_in_all pipeline_ids}", "Pipelines whose deals show the field."),
    "show_in_all": ("bool", "True for all pipelines."),
    "pipeline_ids": ("[int]", "Pipelines."),
    "show_in_add_deal_dialog": ("{show order}", "Place in the form for new deals."),
    "show_in_add_person_dialog": ("{show order}", "Place in the form for new persons."),
    "show": ("bool", "True when shown."),
    "order": ("int", "Position, null when not shown."),
    "important_fields": ("{enabled stage_ids}", "Where users are reminded to fill it in."),
    "required_fields": ("{enabled}", "Where the field must be filled in."),
    "enabled": ("bool", "True when switched on."),
    "stage_ids": ("[int]", "Stages, all of them when empty."),
    "statuses": ("map", "Statuses for each pipeline, by the pipeline's id."),
    "edit_flag": ("bool", "True when the definition can be changed."),
    "index_visible_flag": ("bool", "Left from an older interface."),
    "important_flag": ("bool", "True when users are reminded to fill it in."),
    "bulk_edit_allowed": ("bool", "True when many rows can be edited at once."),
    "searchable_flag": ("bool", "True when the search looks into it."),
    "filtering_allowed": ("bool", "True when filters can use it."),
    "sortable_flag": ("bool", "True when lists can be sorted by it."),
    "mandatory_flag": ("bool", "True when it must be filled in."),
    "picklist_data": ("any", "Source of the choices, for some built-in fields."),
}

_FILTERS = {
    "filter_code": ("str", "System code of a built-in filter."),
    "is_editable": ("bool", "True when the reading user may change it."),
    "temporary_flag": ("bool", "True for an unsaved filter."),
    "last_used_time": ("time", "When it was last applied."),
    "custom_view_id": ("int", "Column layout that goes with it."),
}

_USERS = {
    "lang": ("int", "Number of the interface language."),
    "locale": ("str", "Language and region of formats."),
    "default_currency": ("str", "Currency proposed for new rows, as a three-letter code."),
    "timezone_name": ("str", "Time zone by name."),
    "timezone_offset": ("str", "Distance from UTC as hours and minutes."),
    "role_id": ("int", "Role the row belongs to."),
    "access": ("[{app admin permission_set_id}]", "Rights in each part of Pipedrive."),
    "app": ("str", "Part of Pipedrive, such as sales or projects."),
    "admin": ("bool", "True for administrators of it."),
    "permission_set_id": ("uuid", "Permission set that applies."),
    "activated": ("bool", "True once the user signed in."),
    "has_created_company": ("bool", "True for the user who opened the account."),
    "last_login": ("time", "When the user last signed in."),
    "created": ("time", "When the user was created."),
    "modified": ("time", "When the user was last changed."),
}

_CURRENCIES = {
    "symbol": ("str", "Sign of the currency."),
    "decimal_points": ("int", "Digits after the decimal point."),
}

GLOSSARY: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        name: entry
        for part in (
            _WHO_AND_WHEN,
            _NAMES,
            _LINKS,
            _DEALS,
            _COUNTERS,
            _PRODUCTS,
            _PEOPLE,
            _ACTIVITIES,
            _PIPELINES,
            _NOTES_AND_FILES,
            _FIELDS,
            _FILTERS,
            _USERS,
            _CURRENCIES,
        )
        for name, entry in part.items()
    }
)
