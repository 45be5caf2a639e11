"""Followers of deals, persons, organizations, products and users, and their changes."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Parent, Read, StreamSpec

_CHANGE = "action! actor_user_id follower_user_id! time! occurrence!"
_CHANGE_KEYS = ("follower_user_id", "action", "time", "occurrence")

STREAMS = (
    StreamSpec(
        name="deal_followers",
        summary="Users who follow a deal.",
        reads=(Read("getDealFollowers", "/api/v2/deals/{deal_id}/followers", 10, Paging.CURSOR),),
        schema=columns("deal_id! user_id! add_time", of="followers"),
        primary_keys=("deal_id", "user_id"),
        parent=Parent(stream="deals", context={"deal_id": "id"}, when="followers_count"),
        selected_by_default=False,
    ),
    StreamSpec(
        name="person_followers",
        summary="Users who follow a person.",
        reads=(Read("getPersonFollowers", "/api/v2/persons/{person_id}/followers", 10, Paging.CURSOR),),
        schema=columns("person_id! user_id! add_time", of="followers"),
        primary_keys=("person_id", "user_id"),
        parent=Parent(stream="persons", context={"person_id": "id"}, when="followers_count"),
        selected_by_default=False,
    ),
    StreamSpec(
        name="organization_followers",
        summary="Users who follow an organization.",
        reads=(
            Read(
                "getOrganizationFollowers",
                "/api/v2/organizations/{organization_id}/followers",
                10,
                Paging.CURSOR,
            ),
        ),
        schema=columns("organization_id! user_id! add_time", of="followers"),
        primary_keys=("organization_id", "user_id"),
        parent=Parent(stream="organizations", context={"organization_id": "id"}, when="followers_count"),
        selected_by_default=False,
    ),
    StreamSpec(
        name="product_followers",
        summary="Users who follow a product.",
        reads=(Read("getProductFollowers", "/api/v2/products/{product_id}/followers", 10, Paging.CURSOR),),
        schema=columns("product_id! user_id! add_time", of="followers"),
        primary_keys=("product_id", "user_id"),
        parent=Parent(stream="products", context={"product_id": "id"}),
        selected_by_default=False,
    ),
    StreamSpec(
        name="user_followers",
        summary="Users who follow a user.",
        reads=(Read("getUserFollowers", "/api/v2/users/{followed_user_id}/followers", 10, Paging.CURSOR),),
        schema=columns("followed_user_id! user_id! add_time", of="followers"),
        primary_keys=("followed_user_id", "user_id"),
        parent=Parent(stream="users", context={"followed_user_id": "id"}),
        selected_by_default=False,
    ),
    StreamSpec(
        name="deal_follower_changes",
        summary="Users who started or stopped following a deal, with the time.",
        reads=(
            Read(
                "getDealFollowersChangelog", "/api/v2/deals/{deal_id}/followers/changelog", 10, Paging.CURSOR
            ),
        ),
        schema=columns(f"deal_id! {_CHANGE}"),
        primary_keys=("deal_id", *_CHANGE_KEYS),
        numbered=True,
        parent=Parent(stream="deals", context={"deal_id": "id"}),
        selected_by_default=False,
    ),
    StreamSpec(
        name="person_follower_changes",
        summary="Users who started or stopped following a person, with the time.",
        reads=(
            Read(
                "getPersonFollowersChangelog",
                "/api/v2/persons/{person_id}/followers/changelog",
                10,
                Paging.CURSOR,
            ),
        ),
        schema=columns(f"person_id! {_CHANGE}"),
        primary_keys=("person_id", *_CHANGE_KEYS),
        numbered=True,
        parent=Parent(stream="persons", context={"person_id": "id"}),
        selected_by_default=False,
    ),
    StreamSpec(
        name="organization_follower_changes",
        summary="Users who started or stopped following an organization, with the time.",
        reads=(
            Read(
                "getOrganizationFollowersChangelog",
                "/api/v2/organizations/{organization_id}/followers/changelog",
                10,
                Paging.CURSOR,
            ),
        ),
        schema=columns(f"organization_id! {_CHANGE}"),
        primary_keys=("organization_id", *_CHANGE_KEYS),
        numbered=True,
        parent=Parent(stream="organizations", context={"organization_id": "id"}),
        selected_by_default=False,
    ),
    StreamSpec(
        name="product_follower_changes",
        summary="Users who started or stopped following a product, with the time.",
        reads=(
            Read(
                "getProductFollowersChangelog",
                "/api/v2/products/{product_id}/followers/changelog",
                10,
                Paging.CURSOR,
            ),
        ),
        schema=columns(f"product_id! {_CHANGE}"),
        primary_keys=("product_id", *_CHANGE_KEYS),
        numbered=True,
        parent=Parent(stream="products", context={"product_id": "id"}),
        selected_by_default=False,
    ),
)
