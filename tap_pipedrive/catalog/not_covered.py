"""Published read operations without a stream, with the reason."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TWIN = "The stream {} reads the newer form of the same rows at half the cost."
_SEARCH = "The stream {} searches the newer form of the same rows at half the cost."
_TEAMS = "Pipedrive is removing legacy teams; the API has no replacement."

NOT_COVERED: Mapping[str, str] = MappingProxyType(
    {
        "v1 authorize": "A web page where users authorize an app; `tap-pipedrive auth` opens it.",
        "v1 getArchivedDeals": "Deprecated; the stream deals reads archived deals in the newer form.",
        "v1 getArchivedDealsSummary": "Deprecated; the archived rows of deals give the same sums.",
        "v1 getArchivedDealsTimeline": "Deprecated; the archived rows of deals give the same sums.",
        "v1 getDealFollowers": _TWIN.format("deal_followers"),
        "v1 getOrganizationFollowers": _TWIN.format("organization_followers"),
        "v1 getPersonFollowers": _TWIN.format("person_followers"),
        "v1 getProductFollowers": _TWIN.format("product_followers"),
        "v1 getUserFollowers": _TWIN.format("user_followers"),
        "v1 getProjects": _TWIN.format("projects"),
        "v1 getProject": _TWIN.format("projects"),
        "v1 getProjectsBoards": _TWIN.format("boards"),
        "v1 getProjectsBoard": "The stream boards reads the newer form of the same row.",
        "v1 getProjectsPhases": _TWIN.format("phases"),
        "v1 getProjectsPhase": "The stream phases reads the newer form of the same row.",
        "v1 getProjectTemplates": _TWIN.format("project_templates"),
        "v1 getProjectTemplate": _TWIN.format("project_templates"),
        "v1 getTasks": _TWIN.format("tasks"),
        "v1 getTask": _TWIN.format("tasks"),
        "v1 searchLeads": _SEARCH.format("lead_searches"),
        "v1 getTeams": _TEAMS,
        "v1 getTeam": _TEAMS,
        "v1 getTeamUsers": _TEAMS,
        "v1 getUserTeams": _TEAMS,
    }
)
"""Version and operation → reason."""
