"""HTTP client for Pipedrive: signing in, limits, retry, paging and concurrency; independent of Singer."""

from pipedrive_client.auth.credentials import TokenSet
from pipedrive_client.client import PipedriveClient
from pipedrive_client.errors import (
    Blocked,
    BudgetSpent,
    ConfigError,
    FeatureOff,
    Gone,
    ItemError,
    MalformedResponse,
    MissingScope,
    NotFound,
    NotVisible,
    OutputFailed,
    PagingStuck,
    PipedriveError,
    RateLimited,
    RecordError,
    Rejected,
    RunError,
    ServerError,
    Stopped,
    TransientError,
    Unauthorized,
    UnknownMethod,
    Unreachable,
)
from pipedrive_client.http.transport import Response
from pipedrive_client.limits.token_budget import DayCost
from pipedrive_client.limits.usage import Usage, UsageRow
from pipedrive_client.paging import Page, Paging
from pipedrive_client.responses import JSON_BODY, DataKind, Expectation, Null, flaw_of
from pipedrive_client.settings import SETTING_DEFINITIONS, ClientSettings, SettingDefinition
from pipedrive_client.times import Clock, SystemClock

__all__ = [
    "JSON_BODY",
    "SETTING_DEFINITIONS",
    "Blocked",
    "BudgetSpent",
    "ClientSettings",
    "Clock",
    "ConfigError",
    "DataKind",
    "DayCost",
    "Expectation",
    "FeatureOff",
    "Gone",
    "ItemError",
    "MalformedResponse",
    "MissingScope",
    "NotFound",
    "NotVisible",
    "Null",
    "OutputFailed",
    "Page",
    "Paging",
    "PagingStuck",
    "PipedriveClient",
    "PipedriveError",
    "RateLimited",
    "RecordError",
    "Rejected",
    "Response",
    "RunError",
    "ServerError",
    "SettingDefinition",
    "Stopped",
    "SystemClock",
    "TokenSet",
    "TransientError",
    "Unauthorized",
    "UnknownMethod",
    "Unreachable",
    "Usage",
    "UsageRow",
    "flaw_of",
]
